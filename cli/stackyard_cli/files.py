"""Writes files whole: a reader sees the old file or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stackyard_cli.errors import ExitCode, StackyardError

PRIVATE_UMASK = 0o077
"""The umask of workers and engine: their state, plan and config files may hold secrets."""


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
