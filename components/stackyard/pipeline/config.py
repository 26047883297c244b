"""Config of the pipeline from data to a served model, and of its approvals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stackyard.access.config import Audience
from stackyard.config import Config, Email, Name
from stackyard.datasets.config import Directory
from stackyard.pipeline import schedule
from stackyard.problem import Problem

Schedule = Annotated[str, AfterValidator(schedule.check)]
"""EventBridge cron fields: minutes, hours, day of month, month, day of week, year, for example
`0 3 ? * MON *`."""

TimeZone = Annotated[str, AfterValidator(schedule.check_zone)]
"""A time zone of IANA's list, for example `Europe/Berlin`."""


class ObjectTriggerConfig(Config):
    """S3 objects whose creation starts the pipeline."""

    dataset: Name
    """A dataset of the project."""

    directory: Directory
    """A directory of the dataset; objects in subdirectories count, too."""


class TriggersConfig(Config):
    """Triggers of the pipeline, in addition to `stackyard pipeline start`."""

    object_created: ObjectTriggerConfig | None = None
    """Each new object starts one run; to start one run per delivery, upload a marker object
    last."""

    schedule: Schedule | None = None
    """Cron schedule in `timezone`; a schedule that never fires is refused."""

    timezone: TimeZone = "UTC"
    """Time zone of the schedule, for example `Europe/Berlin`."""


class ApprovalsConfig(Config):
    """Rules of approvals, usually set by the stage for all its pipelines."""

    expires_hours: Annotated[int, Field(ge=1, le=720)] = 72
    """Hours after which a pending approval is rejected."""

    prevent_self_approval: bool = False
    """Refuse an approval by the person who started the run."""


class PipelineConfig(Config):
    """Train, evaluate, compare with the served version, wait for approval, build, deploy, watch."""

    triggers: TriggersConfig = TriggersConfig()
    """Triggers of the pipeline."""

    train: Name
    """Training job: a key of `training`."""

    evaluate: Name
    """Evaluation job: a key of `training`. It registers the candidate and writes
    `{"version": "NAME/NUMBER", "metrics": {…}}` to the S3 address in STACKYARD_EVALUATION."""

    metric: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
    """Metric of the evaluation that is compared."""

    direction: Literal["maximize", "minimize"] = "maximize"
    """Direction in which the metric improves. A candidate that is not better than the served
    version is rejected."""

    approvers: Annotated[list[Audience], Field(min_length=1)] = ["delivery"]
    """Audiences that may approve."""

    notify: list[Email] = []
    """Email addresses that are notified when a candidate waits for approval."""

    deploy: Name
    """Served model that the pipeline releases: a key of `serving.models` without `release`."""

    watch_minutes: Annotated[int, Field(ge=0, le=1440)] = 10
    """Minutes that all pods of a new version must stay ready; else it is rolled back."""

    def problems(self) -> Iterator[Problem]:
        """Yield a job that is both the training and the evaluation job."""
        if self.train == self.evaluate:
            yield Problem(
                ("train",),
                f"`train` and `evaluate` are both `{self.train}`: evaluation needs its own job",
                related=(("evaluate",),),
            )
