"""How the command can end: exit codes, the one expected error, what library errors mean."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from stackyard.stackfile.errors import EstateError, StackFileErrors


class ExitCode(IntEnum):
    """Exit codes; scripts and pipelines rely on them."""

    DONE = 0
    FAILED = 1
    INVALID = 2
    STOPPED = 3
    CHANGES_PENDING = 4
    INTERRUPTED = 130


class StackyardError(Exception):
    """An expected end: what happened, one action that helps, and the exit code.

    `facts` are further plain values for readers of `--json`; they never hold secrets.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: ExitCode = ExitCode.FAILED,
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.code, self.facts = message, hint, code, facts or {}


def explained(error: Exception) -> StackyardError | None:
    """Return what an exception of the library means for the command; None if nobody expected it."""
    if isinstance(error, StackyardError):
        return error
    if isinstance(error, StackFileErrors):
        problems = [problem.plain() for problem in error.problems]
        facts = {"problems": problems}
        return StackyardError(str(error), code=ExitCode.INVALID, facts=facts)
    if isinstance(error, EstateError):
        return StackyardError(error.message, hint=error.hint, code=ExitCode.INVALID)
    return None
