"""Mounts: the secrets that each kind of pod of a project mounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stackyard.access.config import Workload
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.field_path import FieldPath


@dataclass(frozen=True)
class Mount:
    """The secrets of one kind of pod."""

    path: FieldPath
    """The field of the stack file that lists them."""

    workload: Workload
    """The workload whose role the pods have."""

    secrets: list[str]
    """Names of the secrets in the stack file."""


def mounts(config: ProjectSections) -> Iterator[Mount]:
    """Yield every training job and served model that mounts secrets."""
    for name, job in config.training.items():
        if job.mounts:
            yield Mount(("training", name, "mounts"), "trainer", job.mounts)
    for name, server in config.serving.models.items() if config.serving else ():
        if server.mounts:
            yield Mount(("serving", "models", name, "mounts"), "server", server.mounts)


def mounted(config: ProjectSections) -> list[str]:
    """Return the secrets that any pod mounts, sorted."""
    return sorted({secret for mount in mounts(config) for secret in mount.secrets})
