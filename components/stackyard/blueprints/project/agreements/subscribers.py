"""Subscribers: each audience with a dashboard has a role that can open it."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.monitoring.config import READERS
from stackyard.problem import Problem


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield subscribers whose audience has no role in the project."""
    for who in config.monitoring.subscribers if config.monitoring else ():
        if READERS[who] not in config.access.audiences:
            yield Problem(
                ("monitoring", "subscribers", who),
                f"`{who}` needs `access.audiences.{READERS[who]}`, "
                "whose role reads its dashboard and logs",
                related=(("access", "audiences"),),
            )
