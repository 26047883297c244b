"""Training jobs: none requests more than the namespace's quota, which no cluster would accept."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.problem import Problem


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield jobs above the quota."""
    quota = config.namespace.quota
    for name, job in config.training.items():
        for resource, requested, limit in (
            ("gpus", job.gpus, quota.gpus),
            ("cpu", job.cpu, quota.cpu),
        ):
            if requested > limit:
                yield Problem(
                    ("training", name, resource),
                    f"`{resource}` ({requested}) is above `namespace.quota.{resource}` ({limit})",
                    related=(("namespace", "quota", resource),),
                )
