"""Writes files atomically: a reader sees the old file or the new one, never a part of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stackyard_cli.errors import ExitCode, StackyardError

SHARED, PRIVATE = 0o644, 0o600
"""Modes: everyone may read stack files; only the owner may read states and receipts."""

PRIVATE_UMASK = 0o077
"""The umask of workers and engine: their state, plan and config files may contain secrets."""


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet; raises StackyardError if it does."""
    with _draft(path, text.encode(), SHARED) as draft:
        try:
            # A link fails if the file exists; a rename would overwrite it.
            path.hardlink_to(draft)
        except FileExistsError:
            hint = "edit it, or delete it first"
            raise StackyardError(f"{path} exists", hint=hint, code=ExitCode.INVALID) from None


def write_whole(path: Path, content: str | bytes, mode: int = SHARED) -> None:
    """Write or replace a file atomically, with these permissions whatever the umask.

    Missing folders are created. Raises OSError, and then the old file is unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    with _draft(path, data, mode) as draft:
        draft.replace(path)


@contextmanager
def _draft(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """Write a temporary file in the same folder; it is removed at the end, unless it was moved."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            # Without it, a crash may leave an empty file with the final name.
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), mode)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
