"""Renders the templates of new estates, stacks, pipelines and pages."""

from __future__ import annotations

from pathlib import Path

from stackyard.templates import template

TEMPLATES = Path(__file__).parents[1] / "templates"
SUFFIX = ".j2"


def stamped(name: str, /, **values: object) -> str:
    """Return a template of `templates/` with its values; a missing value is an error."""
    return template(TEMPLATES, name + SUFFIX).render(values)


def names(folder: str) -> list[str]:
    """Return the templates below a folder of `templates/`, as paths below it, sorted."""
    base = TEMPLATES / folder
    found = (path.relative_to(base).as_posix() for path in base.rglob(f"*{SUFFIX}"))
    return sorted(name.removesuffix(SUFFIX) for name in found)
