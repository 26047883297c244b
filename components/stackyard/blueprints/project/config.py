"""The config of the `project` blueprint: its sections, and what they must agree on."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.agreements import AGREEMENTS
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.problem import Problem


class ProjectConfig(ProjectSections):
    """What a team owns in one stage: data and its lifetime, access, secrets, a namespace."""

    def problems(self) -> Iterator[Problem]:
        """Yield what the sections do not agree on."""
        yield from super().problems()
        for check in AGREEMENTS:
            yield from check(self)
