"""Loads one project's stack, for commands that need neither engine nor cloud."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stackyard_cli.errors import ExitCode, StackyardError

if TYPE_CHECKING:
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.estate.estate import Estate
    from stackyard.naming import StackId


def project(text: str, estate_dir: Path | None) -> tuple[Estate, StackId, ProjectConfig]:
    """Return the estate, the stack and its config; raises StackyardError for another blueprint."""
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.estate.estate import Estate

    estate = Estate.find(Path.cwd(), estate_dir)
    stack = estate.one(text)
    loaded = estate.load(stack)
    if not isinstance(loaded.config, ProjectConfig):
        raise StackyardError(
            f"{stack} is a stack of the blueprint `{loaded.blueprint}`, not a project",
            hint="name a project; `stackyard list` shows the blueprint of each stack",
            code=ExitCode.INVALID,
        )
    return estate, stack, loaded.config
