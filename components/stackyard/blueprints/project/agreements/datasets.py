"""Datasets and retention: each dataset has a retention that is compatible with its tools."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.datasets.config import reserved_names
from stackyard.problem import Problem
from stackyard.retention.config import readable_at_once


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield datasets with a reserved name, or with a missing or unsuitable retention."""
    yield from reserved_names(config.datasets)
    yield from _jurisdictions(config)
    yield from _cold_storage(config)


def _jurisdictions(config: ProjectSections) -> Iterator[Problem]:
    known = config.retention.personal
    for name, dataset in config.datasets.items():
        if dataset.kind == "personal" and dataset.jurisdiction not in known:
            jurisdiction, listed = dataset.jurisdiction, ", ".join(known) or "none"
            yield Problem(
                ("datasets", name, "jurisdiction"),
                f"`jurisdiction` is `{jurisdiction}`, which `retention.personal` lacks "
                f"(it has {listed})",
                f"add `retention.personal.{jurisdiction}`",
            )


def _cold_storage(config: ProjectSections) -> Iterator[Problem]:
    """Yield unsuitable storage classes: DVC and lakeFS do not wait for a restore of many hours."""
    for name, dataset in config.datasets.items():
        if dataset.kind == "personal" or not (dataset.dvc or dataset.branching):
            continue
        lifetime = config.retention.raw if dataset.kind == "raw" else config.retention.curated
        if not readable_at_once(lifetime):
            use = "is a DVC remote" if dataset.dvc else "has branches"
            section = f"retention.{dataset.kind}.cold_storage_class"
            yield Problem(
                ("datasets", name),
                f"`{name}` {use}, but objects in `{section}` ({lifetime.cold_storage_class}) "
                "must be restored before they can be read",
                "choose GLACIER_IR, or write `dvc: false` and no `branching`",
                related=(("retention", dataset.kind, "cold_storage_class"),),
            )
