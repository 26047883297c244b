"""Where an object is at a given age: the compiled plan read forward in time."""

from __future__ import annotations

from dataclasses import dataclass

from stackyard.retention.config import (
    LifetimeConfig,
    PersonalLifetimeConfig,
    RetentionConfig,
)
from stackyard.retention.plan import ObjectPlan, log_days, log_plan, object_plan


@dataclass(frozen=True)
class Phase:
    """A span of an object's life."""

    start: int
    """First day of the span: the object's age in days."""

    place: str
    """Where it is: a storage class, `deleted, can be restored`, or `gone`."""


@dataclass(frozen=True)
class Life:
    """The life of one class of data."""

    name: str
    """The class as in the stack file, for example `personal.eu`."""

    phases: tuple[Phase, ...]
    """In order of time, the first from day 0."""

    def at(self, age: int) -> Phase:
        """Return the span at an age in days; raises ValueError for an age before birth."""
        if age < 0:
            raise ValueError(f"an age is 0 days or more (got {age})")
        return [phase for phase in self.phases if phase.start <= age][-1]


def timeline(config: RetentionConfig) -> list[Life]:
    """Return the life of every class, in the order of the stack file."""
    objects: dict[str, LifetimeConfig | PersonalLifetimeConfig] = {
        "raw": config.raw,
        "curated": config.curated,
        **{f"personal.{name}": rules for name, rules in config.personal.items()},
        "artifacts": config.artifacts,
        "candidate_models": config.candidate_models,
        "production_models": config.production_models,
    }
    lives = [Life(name, object_phases(object_plan(rules))) for name, rules in objects.items()]
    return [
        *lives,
        Life("logs", _kept("CloudWatch Logs", log_days(config.logs))),
        Life("access_logs", object_phases(log_plan(config.logs))),
        Life("images", _kept("ECR", config.images.delete_after_days)),
        Life("backups", _kept("RDS backup", config.backups.keep_days)),
    ]


def object_phases(plan: ObjectPlan) -> tuple[Phase, ...]:
    """Return the life of an object that nobody replaces or deletes."""
    phases = [Phase(0, "STANDARD")]
    if plan.cold_after is not None:
        phases.append(Phase(plan.cold_after, plan.cold_class))
    phases.append(Phase(plan.expire_after, "deleted, can be restored"))
    phases.append(Phase(plan.gone_after, "gone"))
    return tuple(phases)


def _kept(place: str, days: int) -> tuple[Phase, ...]:
    return (Phase(0, place), Phase(days, "gone"))
