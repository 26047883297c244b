"""What a person may write about how long data lives, by class of data; contradictions refused."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from stackyard.config import Config, Name
from stackyard.logs import LogDays
from stackyard.retention.storage_classes import FACTS, ColdClass, stay_problem

Days = Annotated[int, Field(ge=1, le=36500)]
"""A number of days, up to a hundred years."""

MIDNIGHT = 1
"""Days that the way of a deleted object adds to `noncurrent_days`: S3 rounds the end of each of the
two waits up to the next midnight UTC. Source:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html."""

WarmClass = Literal["STANDARD_IA", "GLACIER_IR"]
"""A cold storage class whose objects can be read without a restore that takes hours."""

Reproducible = Literal["raw", "curated", "artifacts"]
"""A class of data that a production model can be made again from."""


def _refuse(problem: str) -> None:
    if problem:
        raise ValueError(problem)


class LifetimeConfig(Config):
    """How long objects of one class live; the defaults are the company's rule.

    Days count from an object's upload, or for noncurrent versions from the day they were replaced
    or deleted. Objects below 128 KiB are deleted in time but never turn cold.
    """

    transition_after_days: Days = 365
    """Age at which objects move to the cold storage class."""

    expire_after_days: Days = 1095
    """Age at which objects are deleted; they can be restored for `noncurrent_days` more."""

    noncurrent_days: Days = 180
    """Days for which a replaced or deleted version can still be restored; after that it is gone."""

    abort_uploads_days: Days = 7
    """Days after which the parts of an upload that never finished are deleted."""

    cold_storage_class: ColdClass = "GLACIER_IR"
    """Where cold objects lie; GLACIER and DEEP_ARCHIVE must be restored before they can be read."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> LifetimeConfig:
        fields = ("transition_after_days", "expire_after_days")
        _refuse(
            stay_problem(
                self.cold_storage_class, self.transition_after_days, self.expire_after_days, fields
            )
        )
        if self.noncurrent_days > self.expire_after_days:
            raise ValueError(
                f"`noncurrent_days` ({self.noncurrent_days}) is more than `expire_after_days` "
                f"({self.expire_after_days}): replaced versions would outlive the data"
            )
        return self


class PersonalLifetimeConfig(Config):
    """How long personal data of one jurisdiction lives.

    Here `erase_within_days` counts to the day on which the last copy is gone, old versions
    included, as that is what a law asks for; current objects expire `noncurrent_days` earlier, and
    one day for the midnight that S3 waits for once more. The day of the upload does not count, and
    the last one counts to its end, as in https://eur-lex.europa.eu/eli/reg/1971/1182/oj, article 3.
    """

    erase_within_days: Days
    """Age at which nothing of an object is left."""

    legal_limit_days: Days
    """The longest that the jurisdiction, or the company for it, allows."""

    hold_days: Annotated[int, Field(ge=0, le=36500)] = 0
    """Legal hold: days for which nothing may be lost, not even by a delete; 0 for none."""

    noncurrent_days: Days = 30
    """Days for which a replaced or deleted version can still be restored; after that it is gone."""

    abort_uploads_days: Days = 2
    """Days after which the parts of an upload that never finished are deleted."""

    transition_after_days: Days | None = None
    """Age at which objects move to the cold storage class; left out, they never do."""

    cold_storage_class: WarmClass = "STANDARD_IA"
    """Where cold objects lie. Classes that must be restored first are not offered: a person's
    request for access or erasure has to be answered on data that can be read at once."""

    @property
    def expire_after_days(self) -> int:
        """Age at which current objects expire, so that their versions go in time."""
        return self.erase_within_days - self.noncurrent_days - MIDNIGHT

    @model_validator(mode="after")
    def _is_lawful(self) -> PersonalLifetimeConfig:
        if self.erase_within_days > self.legal_limit_days:
            raise ValueError(
                f"`erase_within_days` ({self.erase_within_days}) is more than `legal_limit_days` "
                f"({self.legal_limit_days}) allows"
            )
        if self.expire_after_days < 1:
            raise ValueError(
                f"`noncurrent_days` ({self.noncurrent_days}) must be less than "
                f"`erase_within_days` ({self.erase_within_days}) by 2 or more: "
                "old versions would go too late"
            )
        for field in ("erase_within_days", "noncurrent_days"):
            if getattr(self, field) < self.hold_days:
                raise ValueError(
                    f"`{field}` ({getattr(self, field)}) is shorter than the legal hold "
                    f"`hold_days` ({self.hold_days}): data could be lost while it is held"
                )
        return self

    @model_validator(mode="after")
    def _turns_cold_in_time(self) -> PersonalLifetimeConfig:
        if self.transition_after_days is not None:
            fields = ("transition_after_days", "erase_within_days` less `noncurrent_days` less 1")
            start, end = self.transition_after_days, self.expire_after_days
            _refuse(stay_problem(self.cold_storage_class, start, end, fields))
        return self


class RegisteredLifetimeConfig(LifetimeConfig):
    """How long models live. Registered ones turn cold, too, but are never deleted."""

    cold_storage_class: WarmClass = "GLACIER_IR"
    """Where cold models lie. Classes that must be restored first are not offered: a registered
    version can be baked and served at any age."""


class CandidateLifetimeConfig(RegisteredLifetimeConfig):
    """How long models live that were never released."""

    transition_after_days: Days = 90
    """Age at which objects move to the cold storage class."""

    expire_after_days: Days = 365
    """Age at which objects are deleted; they can be restored for `noncurrent_days` more."""


class ModelLifetimeConfig(RegisteredLifetimeConfig):
    """How long production models live, and what must live as long so that they can be explained."""

    reproduced_from: list[Reproducible] = ["raw", "curated"]
    """Classes that a model must be reproducible from; none of them may live shorter than models.
    The rule compares lengths: data older than a model still goes first, by as much as it is older.
    """


class LogLifetimeConfig(Config):
    """How long logs are kept: those of workloads, and the access logs of buckets."""

    keep_days: Days = 365
    """Days; CloudWatch offers certain periods only, the next longer one is taken."""

    personal: bool = False
    """Whether logs may hold personal data; `keep_days` must then be a period that is offered."""

    @model_validator(mode="after")
    def _is_offered(self) -> LogLifetimeConfig:
        offered = get_args(LogDays)
        if self.keep_days > max(offered):
            raise ValueError(f"`keep_days` ({self.keep_days}) is more than {max(offered)}")
        if self.personal and self.keep_days not in offered:
            shorter = max((days for days in offered if days < self.keep_days), default=None)
            raise ValueError(
                f"CloudWatch does not offer `keep_days` ({self.keep_days}), and personal data must "
                f"not be kept longer: write {shorter}"
            )
        return self


class ImageLifetimeConfig(Config):
    """How long container images are kept."""

    untagged_days: Days = 14
    """Days after which an image that no tag names is deleted."""

    expire_after_days: Days = 1095
    """Age at which every image is deleted, counted from its push."""


class BackupLifetimeConfig(Config):
    """How long backups of databases are kept."""

    keep_days: Annotated[int, Field(ge=1, le=35)] = 14
    """Days, 1 to 35, which is what RDS offers for automated backups. Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html."""


class RetentionConfig(Config):
    """How long each class of data lives; whatever is left out follows the company's rule."""

    raw: LifetimeConfig = LifetimeConfig()
    """Data as it came in."""

    curated: LifetimeConfig = LifetimeConfig()
    """Data made from raw data: cleaned, labelled, split."""

    personal: dict[Name, PersonalLifetimeConfig] = {}
    """Personal data, by jurisdiction, for example `eu`."""

    artifacts: LifetimeConfig = LifetimeConfig()
    """What training runs leave: checkpoints, plots, tables."""

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

    @model_validator(mode="after")
    def _models_can_be_explained(self) -> RetentionConfig:
        models = self.production_models
        lives: dict[str, int] = {
            name: getattr(self, name).expire_after_days for name in models.reproduced_from
        }
        lives["images"] = self.images.expire_after_days
        for name, days in lives.items():
            if days < models.expire_after_days:
                raise ValueError(
                    f"`production_models.expire_after_days` ({models.expire_after_days}) is more "
                    f"than `{name}.expire_after_days` ({days}): a released model would outlive "
                    "what it must be reproduced from"
                )
        return self


def readable_at_once(lifetime: LifetimeConfig | PersonalLifetimeConfig) -> bool:
    """Whether objects can be read at any age without a restore."""
    return FACTS[lifetime.cold_storage_class].instant
