"""Exit codes, the one expected error, and the conversion of library errors to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from stackyard.estate.errors import EstateError, StackFileErrors


class ExitCode(IntEnum):
    """Exit codes; scripts and pipelines rely on them."""

    DONE = 0
    FAILED = 1
    INVALID = 2
    STOPPED = 3
    CHANGES_PENDING = 4
    INTERRUPTED = 130


class StackyardError(Exception):
    """An expected error: the problem, one action that solves it, and the exit code.

    `details` are lines printed before the message; `facts` are values for `--json`. Neither may
    contain a secret.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: ExitCode = ExitCode.FAILED,
        details: Sequence[str] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code
        self.details, self.facts = details, facts or {}


def explained(error: Exception) -> StackyardError | None:
    """Return an exception of the library as a StackyardError; None for an unexpected one."""
    if isinstance(error, StackyardError):
        return error
    if isinstance(error, StackFileErrors):
        files = len({problem.file for problem in error.problems})
        return StackyardError(
            f"{_counted(len(error.problems), 'problem')} in {_counted(files, 'file')}",
            code=ExitCode.INVALID,
            details=[str(problem) for problem in error.problems],
            facts={"problems": [problem.to_dict() for problem in error.problems]},
        )
    if isinstance(error, EstateError):
        return StackyardError(error.message, hint=error.hint, code=ExitCode.INVALID)
    if isinstance(error, OSError) and error.filename is not None:
        return StackyardError(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    return None


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
