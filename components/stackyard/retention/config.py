"""Config of retention: the expiry of each class of data, and its transition to cold storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from stackyard.config import Config, Name
from stackyard.logs import LogDays
from stackyard.problem import Problem
from stackyard.retention.storage_classes import FACTS, ColdClass, stay_problems

Days = Annotated[int, Field(ge=1, le=36500)]
"""A number of days, up to a hundred years."""

MIDNIGHT = 1
"""Days that the deletion of an object adds to `noncurrent_days`: S3 rounds the end of each of the
two periods up to the next midnight UTC. Source:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html."""

WarmClass = Literal["STANDARD_IA", "GLACIER_IR"]
"""A cold storage class whose objects can be read without a restore."""

Reproducible = Literal["raw", "curated", "artifacts"]
"""A class of data from which a production model can be reproduced."""


class LifetimeConfig(Config):
    """Retention of the objects of one class.

    Days count from an object's upload, for noncurrent versions from the day when they were replaced
    or deleted. Objects below 128 KiB expire, but do not transition to cold storage.
    """

    transition_after_days: Days = 365
    """Age in days at which objects transition to `cold_storage_class`."""

    expire_after_days: Days = 1095
    """Age in days at which objects expire; they can be restored for `noncurrent_days` more."""

    noncurrent_days: Days = 180
    """Days that a replaced or deleted version can be restored; then it is permanently deleted."""

    abort_uploads_days: Days = 7
    """Days after which the parts of an incomplete multipart upload are deleted."""

    cold_storage_class: ColdClass = "GLACIER_IR"
    """S3 storage class after the transition; in GLACIER and DEEP_ARCHIVE objects must be restored
    before a read."""

    def problems(self) -> Iterator[Problem]:
        """Yield a transition that S3 does not allow, and versions that expire after the data."""
        yield from stay_problems(
            self.cold_storage_class,
            start=("transition_after_days", self.transition_after_days),
            end=("expire_after_days", self.expire_after_days),
        )
        if self.noncurrent_days > self.expire_after_days:
            yield Problem(
                ("noncurrent_days",),
                f"`noncurrent_days` ({self.noncurrent_days}) is more than `expire_after_days` "
                f"({self.expire_after_days}): replaced versions would outlive the data",
                related=(("expire_after_days",),),
            )


class PersonalLifetimeConfig(Config):
    """Retention of the personal data of one jurisdiction.

    `erase_within_days` counts to the day on which the last copy is permanently deleted, noncurrent
    versions included, because that is what laws limit. Current objects therefore expire earlier, by
    `noncurrent_days` and by one day for S3's rounding to midnight. The day of the upload does not
    count, the last day counts in full: https://eur-lex.europa.eu/eli/reg/1971/1182/oj, article 3.
    """

    erase_within_days: Days
    """Age in days at which an object and all its versions are permanently deleted."""

    legal_limit_days: Days
    """Maximum for `erase_within_days` by law or by company policy."""

    hold_days: Annotated[int, Field(ge=0, le=36500)] = 0
    """Legal hold in days: until then no version may be deleted, not even by a person; 0 for
    none."""

    noncurrent_days: Days = 30
    """Days that a replaced or deleted version can be restored; then it is permanently deleted."""

    abort_uploads_days: Days = 2
    """Days after which the parts of an incomplete multipart upload are deleted."""

    transition_after_days: Days | None = None
    """Age in days at which objects transition to `cold_storage_class`; by default they never do."""

    cold_storage_class: WarmClass = "STANDARD_IA"
    """S3 storage class after the transition. Only classes that can be read without a restore are
    allowed, because a person's request for access or erasure must be answered in time."""

    @property
    def expire_after_days(self) -> int:
        """Age in days at which current objects expire, so that versions are erased in time."""
        return self.erase_within_days - self.noncurrent_days - MIDNIGHT

    def problems(self) -> Iterator[Problem]:
        """Yield each conflict with the legal limit, a legal hold or the storage class."""
        erase, limit = self.erase_within_days, self.legal_limit_days
        if erase > limit:
            yield Problem(
                ("erase_within_days",),
                f"`erase_within_days` ({erase}) is more than `legal_limit_days` ({limit})",
                related=(("legal_limit_days",),),
            )
        if self.expire_after_days < 1:
            yield Problem(
                ("noncurrent_days",),
                f"`noncurrent_days` ({self.noncurrent_days}) is not at least 2 less than "
                f"`erase_within_days` ({erase}): old versions would be erased too late",
                related=(("erase_within_days",),),
            )
            return
        yield from self._hold_problems()
        if self.transition_after_days is not None:
            yield from stay_problems(
                self.cold_storage_class,
                start=("transition_after_days", self.transition_after_days),
                end=("erase_within_days", self.expire_after_days),
                end_text=f"expiry (`erase_within_days` - `noncurrent_days` - {MIDNIGHT})",
            )

    def _hold_problems(self) -> Iterator[Problem]:
        for field in ("erase_within_days", "noncurrent_days"):
            days = getattr(self, field)
            if days < self.hold_days:
                yield Problem(
                    (field,),
                    f"`{field}` ({days}) is less than the legal hold `hold_days` "
                    f"({self.hold_days}): data could be lost while it is held",
                    related=(("hold_days",),),
                )


class RegisteredLifetimeConfig(LifetimeConfig):
    """Retention of models. Registered models transition to cold storage, but never expire."""

    cold_storage_class: WarmClass = "GLACIER_IR"
    """S3 storage class after the transition. Only classes that can be read without a restore are
    allowed, because a registered version can be served at any age."""


class CandidateLifetimeConfig(RegisteredLifetimeConfig):
    """Retention of models that were never released."""

    transition_after_days: Days = 90
    """Age in days at which objects transition to `cold_storage_class`."""

    expire_after_days: Days = 365
    """Age in days at which objects expire; they can be restored for `noncurrent_days` more."""


class ModelLifetimeConfig(RegisteredLifetimeConfig):
    """Retention of production models, and of the data that they must be reproducible from."""

    reproduced_from: list[Reproducible] = ["raw", "curated"]
    """Classes that a model must be reproducible from; none may expire earlier than production
    models. The rule compares periods: data that is older than a model still expires before it."""


class LogLifetimeConfig(Config):
    """Retention of workloads' logs and of buckets' access logs."""

    keep_days: Days = 365
    """Retention in days; CloudWatch has a fixed list of periods, and the next longer one is
    used."""

    personal: bool = False
    """Logs may contain personal data; `keep_days` must then be one of CloudWatch's periods."""

    def problems(self) -> Iterator[Problem]:
        """Yield a period that CloudWatch does not offer, for logs with personal data."""
        offered = get_args(LogDays)
        if self.keep_days > max(offered):
            yield Problem(("keep_days",), f"`keep_days` must be at most {max(offered)}")
        elif self.personal and self.keep_days not in offered:
            shorter = max((days for days in offered if days < self.keep_days), default=None)
            yield Problem(
                ("keep_days",),
                f"CloudWatch does not offer `keep_days` ({self.keep_days}), and logs with personal "
                "data must not be kept longer",
                f"write {shorter}",
                related=(("personal",),),
            )


class ImageLifetimeConfig(Config):
    """Retention of container images."""

    untagged_days: Days = 14
    """Days after which an untagged image expires."""

    expire_after_days: Days = 1095
    """Age in days, from its push, at which any image expires."""


class BackupLifetimeConfig(Config):
    """Retention of database backups."""

    keep_days: Annotated[int, Field(ge=1, le=35)] = 14
    """Days, 1 to 35: the limits of RDS for automated backups. Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html."""


class RetentionConfig(Config):
    """Retention by class of data."""

    raw: LifetimeConfig = LifetimeConfig()
    """Data as received."""

    curated: LifetimeConfig = LifetimeConfig()
    """Data made from raw data: cleaned, labelled, split."""

    personal: dict[Name, PersonalLifetimeConfig] = {}
    """Personal data, by jurisdiction, for example `eu`."""

    artifacts: LifetimeConfig = LifetimeConfig()
    """Artifacts of training runs: checkpoints, plots, tables."""

    candidate_models: CandidateLifetimeConfig = CandidateLifetimeConfig()
    """Models that were never released."""

    production_models: ModelLifetimeConfig = ModelLifetimeConfig()
    """Models that were released."""

    logs: LogLifetimeConfig = LogLifetimeConfig()
    """Logs."""

    images: ImageLifetimeConfig = ImageLifetimeConfig()
    """Container images."""

    backups: BackupLifetimeConfig = BackupLifetimeConfig()
    """Backups of databases."""

    def problems(self) -> Iterator[Problem]:
        """Yield classes that expire before the production models that they must reproduce."""
        models = self.production_models
        classes: dict[str, int] = {
            name: getattr(self, name).expire_after_days for name in models.reproduced_from
        }
        classes["images"] = self.images.expire_after_days
        shorter = [name for name, days in classes.items() if days < models.expire_after_days]
        if shorter:
            fields = [f"`{name}.expire_after_days` ({classes[name]})" for name in shorter]
            yield Problem(
                ("production_models", "expire_after_days"),
                f"`production_models.expire_after_days` ({models.expire_after_days}) is more than "
                f"{' and '.join(fields)}: a production model would outlive what it must be "
                "reproduced from",
                related=tuple((name, "expire_after_days") for name in shorter),
            )


def readable_at_once(lifetime: LifetimeConfig | PersonalLifetimeConfig) -> bool:
    """Return whether objects can be read at any age without a restore."""
    return FACTS[lifetime.cold_storage_class].instant
