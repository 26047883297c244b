"""Renders the templates of new estates, stacks, pipelines and pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parents[1] / "templates"
SUFFIX = ".j2"


def stamped(template: str, **values: object) -> str:
    """Return a template of `templates/` with its values; a missing value is an error."""
    return _environment().get_template(template + SUFFIX).render(values)


def names(folder: str) -> list[str]:
    """Return the templates below a folder of `templates/`, as paths below it, sorted."""
    base = TEMPLATES / folder
    found = (path.relative_to(base).as_posix() for path in base.rglob(f"*{SUFFIX}"))
    return sorted(name.removesuffix(SUFFIX) for name in found)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
