"""The twelve concerns and their checks, asked all at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from stackyard_cli.health.concerns import data, models, operation
from stackyard_cli.health.concerns.subject import Finding, Subject

Check = Callable[[Subject], Finding]


CHECKS: dict[str, Check] = {
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


def checked(subject: Subject) -> list[dict[str, Any]]:
    """Return a row for each concern; a check that cannot be made is a problem, and says why."""
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        findings = list(pool.map(lambda check: _made(check, subject), CHECKS.values()))
    return [
        {"concern": concern, "state": finding.state, "evidence": finding.evidence}
        for concern, finding in zip(CHECKS, findings, strict=True)
    ]


def _made(check: Check, subject: Subject) -> Finding:
    try:
        return check(subject)
    except Exception as error:  # whatever one service says must not hide the other eleven
        return Finding("problem", f"could not be checked: {type(error).__name__}: {error}")
