"""Training jobs: none requests more than the quota, because no cluster would accept its pod."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.agreements.serving import always_running
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.field_path import FieldPath, dotted
from stackyard.limits.nodes import mib
from stackyard.onprem.config import TrainingJobConfig
from stackyard.problem import Problem


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield jobs above the quota, alone or beside the servers that always run."""
    for name, job in config.training.items():
        yield from _above(config, ("training", name), job)


def _above(config: ProjectSections, path: FieldPath, job: TrainingJobConfig) -> Iterator[Problem]:
    quota, busy = config.namespace.quota, always_running(config)
    for resource, written_value, requested, limit, taken in (
        ("gpus", str(job.gpus), job.gpus, quota.gpus, busy.gpus),
        ("cpu", str(job.cpu), job.cpu, quota.cpu, busy.cpu),
        ("memory", job.memory, mib(job.memory), mib(quota.memory), busy.memory_mib),
    ):
        bound = f"`namespace.quota.{resource}` ({getattr(quota, resource)})"
        written = f"`{dotted((*path, resource))}` ({written_value})"
        related = (("namespace", "quota", resource),)
        if requested > limit:
            message = f"{written} is above {bound}"
            yield Problem((*path, resource), message, related=related)
        elif requested and taken <= limit < requested + taken:
            left = f"{limit - taken}{'Mi' if resource == 'memory' else ''}"
            message = f"{written} is above the {left} that servers leave of {bound}"
            yield Problem((*path, resource), message, related=related)
