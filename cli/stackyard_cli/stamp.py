"""Stamps files out of templates, and writes files whole: never half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard_cli.errors import ExitCode, StackyardError

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".j2"


def stamped(template: str, **values: object) -> str:
    """Return a template of `templates/` with its values; a missing value is an error."""
    return _environment().get_template(template + SUFFIX).render(values)


def names(folder: str) -> list[str]:
    """Return the templates below a folder of `templates/`, as paths below it, sorted."""
    base = TEMPLATES / folder
    found = (path.relative_to(base).as_posix() for path in base.rglob(f"*{SUFFIX}"))
    return sorted(name.removesuffix(SUFFIX) for name in found)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet; raises StackyardError if it is."""
    with _beside(path, text) as written:
        try:
            # A link fails where a rename would overwrite.
            path.hardlink_to(written)
        except FileExistsError:
            hint = "edit it, or delete it first"
            raise StackyardError(f"{path} exists", hint=hint, code=ExitCode.INVALID) from None


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step, over what is there."""
    with _beside(path, text) as written:
        written.replace(path)


@contextmanager
def _beside(path: Path, text: str) -> Iterator[Path]:
    """Write a temporary file in the same folder; it is gone afterwards if nobody took it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
            # mkstemp makes the file private, and stack files are for everyone to read.
            os.fchmod(stream.fileno(), 0o644)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


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
