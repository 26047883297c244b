"""Errors of an estate and its files, as facts: position, problem, value, and one action."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


class EstateError(Exception):
    """An error without a position in a file: no estate, no such stack, a wrong name."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, order=True)
class StackFileError:
    """One problem at one position of a stack file."""

    file: str
    """Path below the estate, for example `stacks/ranking/clicks/dev.yaml`."""

    line: int
    """From 1; 0 when the problem is the file itself."""

    column: int
    """From 1; 0 when the problem is the file itself."""

    path: str
    """The field, for example `gpu.pools.a10.max_nodes`; empty for the whole file."""

    problem: str
    """The problem, as one sentence."""

    value: str | None = None
    """The value, shortened; `[hidden]` where the field may be a secret."""

    hint: str | None = None
    """One action that solves it."""

    def __str__(self) -> str:
        position = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        field = f" `{self.path}`:" if self.path else ""
        got = f" (got {self.value})" if self.value is not None else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{position}:{field} {self.problem}{got}{hint}"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as built-in types, for JSON."""
        return asdict(self)


class StackFileErrors(EstateError):  # noqa: N818 - it has several, reported at once
    """All problems of the files of one or several stacks; sorted, without duplicates."""

    def __init__(self, problems: Iterable[StackFileError]) -> None:
        self.problems = sorted(set(problems), key=_position)
        super().__init__("\n".join(map(str, self.problems)))


def _position(problem: StackFileError) -> tuple[str, int, int, str, str]:
    return (problem.file, problem.line, problem.column, problem.path, problem.problem)
