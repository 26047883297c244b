"""Loads every jinja2 template with the same rules: a missing value is an error, newlines stay.

jinja2 is imported on first use, so that commands that render nothing do not load it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from jinja2 import Environment, Template

Syntax = Literal["braces", "brackets"]
"""`brackets` writes `[[ value ]]` and `[% if %]`, for files that contain `{{` themselves."""

_BRACKETS: dict[str, Any] = {
    "block_start_string": "[%",
    "block_end_string": "%]",
    "variable_start_string": "[[",
    "variable_end_string": "]]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
}


def template(folder: Path, name: str, *, syntax: Syntax = "braces", html: bool = False) -> Template:
    """Return a template of a folder, by its relative path; `html` escapes every value.

    The filter `quoted` puts a text without quotes into single quotes, for YAML.
    """
    return _environment(folder, syntax, html).get_template(name)


@cache
def _environment(folder: Path, syntax: Syntax, html: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=html,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        **(_BRACKETS if syntax == "brackets" else {}),
    )
    environment.filters["quoted"] = lambda text: f"'{text}'"
    return environment
