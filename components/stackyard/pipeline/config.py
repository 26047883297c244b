"""What a person may write about the pipeline from data to a served model, and about approvals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stackyard.access.config import Audience
from stackyard.config import Config, Name
from stackyard.datasets.config import Directory
from stackyard.pipeline import schedule
from stackyard.problem import Problem

Schedule = Annotated[str, AfterValidator(schedule.check)]
"""Six fields: minutes, hours, day of month, month, day of week, year, as `0 3 ? * MON *`."""

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
"""A mail address; its owner must confirm the subscription once."""


class ObjectTriggerConfig(Config):
    """New objects that start the pipeline."""

    dataset: Name
    """The dataset."""

    directory: Directory
    """The directory of the dataset; an object anywhere below it counts."""


class TriggersConfig(Config):
    """What starts the pipeline, beside people with `stackyard pipeline start`."""

    object_created: ObjectTriggerConfig | None = None
    """Every new object starts a run: have data delivered with one marker object at its end."""

    schedule: Schedule | None = None
    """When it starts by itself, in `timezone`; one that never comes to pass is refused."""

    timezone: Annotated[str, Field(pattern=r"^[A-Za-z_]+(/[A-Za-z_+-]+\d*)*$")] = "UTC"
    """Time zone of the schedule, for example `Europe/Berlin`."""


class ApprovalsConfig(Config):
    """How people approve; a rule of the stage, for every pipeline in it."""

    expires_hours: Annotated[int, Field(ge=1, le=720)] = 72
    """Hours after which an unanswered question counts as no."""

    prevent_self_approval: bool = False
    """Whether the person who started a run may not approve it."""


class PipelineConfig(Config):
    """Train, evaluate, compare with what serves, ask a person, bake, deploy, watch."""

    triggers: TriggersConfig = TriggersConfig()
    """What starts it."""

    train: Name
    """The job that trains: a key of `training`."""

    evaluate: Name
    """The job that evaluates: a key of `training`. It registers the candidate and writes
    `{"version": "NAME/NUMBER", "metrics": {…}}` to the S3 address in STACKYARD_EVALUATION."""

    metric: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
    """The metric that decides, among those that the evaluation reports."""

    direction: Literal["maximize", "minimize"] = "maximize"
    """Which values are better. A candidate that is not better than what serves never asks."""

    approvers: Annotated[list[Audience], Field(min_length=1)] = ["delivery"]
    """Audiences that may approve."""

    notify: list[Email] = []
    """Who gets a mail when a candidate waits for approval."""

    deploy: Name
    """The served model that it releases: a key of `serving.models`, without a `release`."""

    watch_minutes: Annotated[int, Field(ge=0, le=1440)] = 10
    """Minutes for which all pods of a new version must stay up; else the former one is put back."""

    def problems(self) -> Iterator[Problem]:
        """Yield one job with two tasks."""
        if self.train == self.evaluate:
            yield Problem(
                ("train",),
                f"`train` and `evaluate` are both `{self.train}`: evaluation needs its own job",
                related=(("evaluate",),),
            )
