"""Timeline of an object: its storage class or deletion at each age, computed from the plan."""

from __future__ import annotations

from dataclasses import dataclass

from stackyard.retention.config import (
    LifetimeConfig,
    PersonalLifetimeConfig,
    RetentionConfig,
)
from stackyard.retention.plan import ModelPlan, ObjectPlan, log_days, log_plan, object_plan

DELETED, ERASED = "deleted, can be restored", "permanently deleted"


@dataclass(frozen=True)
class Phase:
    """A period in the lifecycle of an object."""

    start: int
    """First day of the period: the object's age in days."""

    state: str
    """State of the object: a storage class, or one of the two kinds of deletion."""


@dataclass(frozen=True)
class Life:
    """The lifecycle of one class of data."""

    name: str
    """The class as the stack file names it, for example `personal.eu`."""

    phases: tuple[Phase, ...]
    """The periods in order of time; the first starts on day 0."""

    plan: ObjectPlan | None = None
    """Lifecycle plan of the bucket; None for data that is not in a bucket."""

    condition: str = ""
    """Condition of the expiry beside the age; empty for none."""

    def at(self, age: int) -> Phase:
        """Return the period at an age in days; raises ValueError for a negative age."""
        if age < 0:
            raise ValueError(f"an age is 0 days or more (got {age})")
        return [phase for phase in self.phases if phase.start <= age][-1]


def timeline(config: RetentionConfig) -> list[Life]:
    """Return the lifecycle of every class, in the order of the stack file."""
    objects: dict[str, LifetimeConfig | PersonalLifetimeConfig] = {
        "raw": config.raw,
        "curated": config.curated,
        **{f"personal.{name}": rules for name, rules in config.personal.items()},
        "artifacts": config.artifacts,
    }
    models = ModelPlan(object_plan(config.candidate_models), object_plan(config.production_models))
    untagged = f"an image without a tag goes after {config.images.untagged_days} days"
    return [
        *(_object_life(name, object_plan(rules)) for name, rules in objects.items()),
        *_model_lives(models),
        Life("logs", _kept("CloudWatch Logs", log_days(config.logs))),
        _object_life("access_logs", log_plan(config.logs)),
        Life("images", _kept("ECR", config.images.expire_after_days), condition=untagged),
        Life("backups", _kept("RDS backup", config.backups.keep_days)),
    ]


def object_phases(plan: ObjectPlan) -> tuple[Phase, ...]:
    """Return the lifecycle of an object that is never replaced or deleted."""
    phases = [Phase(0, "STANDARD")]
    if plan.transition_after is not None:
        phases.append(Phase(plan.transition_after, plan.transition_class))
    phases.append(Phase(plan.expire_after, DELETED))
    phases.append(Phase(plan.erased_after, ERASED))
    return tuple(phases)


def _object_life(name: str, plan: ObjectPlan) -> Life:
    return Life(name, object_phases(plan), plan)


def _model_lives(plan: ModelPlan) -> list[Life]:
    """Return the lifecycles of models; registered models transition, but do not expire."""
    condition = "never deleted while its version is registered"
    return [
        Life(f"{name}_models", object_phases(rules), rules, condition)
        for name, rules in plan.sorts.items()
    ]


def _kept(state: str, days: int) -> tuple[Phase, ...]:
    return (Phase(0, state), Phase(days, ERASED))
