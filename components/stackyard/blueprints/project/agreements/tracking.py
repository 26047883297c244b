"""Tracking: sections that use the tracking server need one."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.problem import Problem

HINT = "write `tracking: {}`"


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield the sections that need `tracking` in a project without it."""
    if config.tracking is not None:
        return
    if config.models is not None:
        message = "`models` needs `tracking`, whose server holds the model registry"
        yield Problem(("models",), message, HINT)
    if config.tuning is not None:
        yield Problem(("tuning",), "`tuning` needs `tracking`, which records its trials", HINT)
    for name, dataset in config.datasets.items():
        if dataset.branching:
            message = "`branching` needs `tracking`, whose image creates the lakeFS database"
            yield Problem(("datasets", name, "branching"), message, HINT)
