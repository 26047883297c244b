"""The twelve concerns and their checks, run in parallel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from stackyard_cli.health.check import Check
from stackyard_cli.health.concerns import data, models, operation
from stackyard_cli.health.concerns.subject import Subject

ConcernCheck = Callable[[str, Subject], Check]
"""Function of a check; its arguments are the concern's name and the project."""

CHECKS: dict[str, ConcernCheck] = {
    "dataset versions": data.dataset_versions,
    "run tracking": models.tracking,
    "training images": models.images,
    "hybrid": operation.hybrid,
    "tuning": models.tuning,
    "model registry": models.registry,
    "deployment": models.serving,
    "dataset access": data.access,
    "retention": data.retention,
    "key vault": data.vault,
    "monitoring": operation.monitoring,
    "pipeline": operation.pipeline,
}
"""The checks in the order of the concerns."""


def concern_checks(subject: Subject) -> list[Check]:
    """Check every concern; a check that cannot run is a problem, with the reason."""
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        checks = [pool.submit(_attempt, name, check, subject) for name, check in CHECKS.items()]
    return [check.result() for check in checks]


def _attempt(name: str, check: ConcernCheck, subject: Subject) -> Check:
    try:
        return check(name, subject)
    except Exception as error:  # An error of one service must not hide the other eleven.
        return Check(name, "problem", f"could not be checked: {type(error).__name__}: {error}")
