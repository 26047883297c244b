"""Serving: served models are in the registry, and the config or the pipeline releases each."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.problem import Problem


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield served models without a registry, and models without a release."""
    if config.serving is None:
        return
    if config.models is None:
        message = "`serving` releases versions of the model registry, so it needs `models`"
        yield Problem(("serving",), message, "write `models: {}`")
        return
    released = config.pipeline.deploy if config.pipeline else None
    for name, server in config.serving.models.items():
        if server.release is None and name != released:
            yield Problem(
                ("serving", "models", name),
                f"`{name}` has no `release`, and no pipeline releases it",
                "write `release`, or name the model in `pipeline.deploy`",
            )
