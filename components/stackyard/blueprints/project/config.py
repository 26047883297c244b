"""The config of the `project` blueprint: its sections, and the checks between them."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.agreements import AGREEMENTS
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.problem import Problem


class ProjectConfig(ProjectSections):
    """Resources of a team in one stage: data and its retention, access, secrets, a namespace."""

    def problems(self) -> Iterator[Problem]:
        """Yield the contradictions between sections."""
        yield from super().problems()
        for check in AGREEMENTS:
            yield from check(self)
