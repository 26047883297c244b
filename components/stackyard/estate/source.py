"""Reads the text of stack files: regular UTF-8 files of at most 1 MB inside the estate."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from stackyard.estate.errors import StackFileError, StackFileErrors

SIZE_LIMIT = 1_000_000
"""Maximum size of a stack file in bytes; a typical one has a few kilobytes."""


def read_text(root: Path, file: str) -> str:
    """Return the text of a file named below the estate's root; raises StackFileErrors.

    The size is checked before the read, and a link must not point outside the estate.
    """
    try:
        real = os.path.realpath(root / file, strict=True)
        if not Path(real).is_relative_to(os.path.realpath(root)):
            raise _refused(
                file, "is a link to a file outside the estate", "copy the file into the estate"
            )
        # Without O_NONBLOCK a named pipe would hang the command.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _refused(file, _reason(error)) from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise _refused(file, "is not a regular file")
        if facts.st_size > SIZE_LIMIT:
            problem = f"is larger than 1 MB ({facts.st_size:,} bytes)"
            raise _refused(file, problem, "a stack file is for configuration, not for data")
        content = os.read(descriptor, SIZE_LIMIT)
    finally:
        os.close(descriptor)
    return _decoded(file, content)


def _decoded(file: str, content: bytes) -> str:
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        problem = StackFileError(file, line, column, "", "is not UTF-8", hint="save it as UTF-8")
        raise StackFileErrors([problem]) from error


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a link to itself"
    if error.errno == errno.ENOENT:
        return "does not exist"
    if error.errno == errno.EISDIR:
        return "is not a regular file"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _refused(file: str, problem: str, hint: str | None = None) -> StackFileErrors:
    return StackFileErrors([StackFileError(file, 0, 0, "", problem, hint=hint)])
