"""What a person may write about how long data lives, by class of data; contradictions refused."""

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
"""Days that the way of a deleted object adds to `noncurrent_days`: S3 rounds the end of each of the
two waits up to the next midnight UTC. Source:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html."""

WarmClass = Literal["STANDARD_IA", "GLACIER_IR"]
"""A cold storage class whose objects can be read without a restore that takes hours."""

Reproducible = Literal["raw", "curated", "artifacts"]
"""A class of data that a production model can be made again from."""


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

    def problems(self) -> Iterator[Problem]:
        """Yield a transition that cannot be made, and versions that outlive the data."""
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

    def problems(self) -> Iterator[Problem]:
        """Yield what the law, a legal hold or the storage class forbids."""
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

    def problems(self) -> Iterator[Problem]:
        """Yield a period that CloudWatch cannot keep to."""
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
    """Whether objects can be read at any age without a restore."""
    return FACTS[lifetime.cold_storage_class].instant
