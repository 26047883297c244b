"""What can be wrong with an estate and its files, as facts: where, what, the value, one action."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


class EstateError(Exception):
    """No estate, no such stack, a wrong name: an error with no line in a file to point at."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, order=True)
class StackFileError:
    """One problem at one place of one stack file."""

    file: str
    """Path below the estate, for example `stacks/ranking/clicks/dev.yaml`."""

    line: int
    """From 1; 0 when the problem is the file itself."""

    column: int
    """From 1; 0 when the problem is the file itself."""

    path: str
    """The field, for example `gpu.pools.a10.max_nodes`; empty at the top."""

    problem: str
    """What is wrong, in plain words."""

    value: str | None = None
    """The value got, shortened; `[hidden]` where the field may be a secret."""

    hint: str | None = None
    """One action that helps."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        field = f" `{self.path}`:" if self.path else ""
        got = f" (got {self.value})" if self.value is not None else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}:{field} {self.problem}{got}{hint}"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for a reader of JSON."""
        return asdict(self)


class StackFileErrors(EstateError):  # noqa: N818 - it holds several, all at once
    """All problems of the files of one stack, or of several; sorted, each named once."""

    def __init__(self, problems: Iterable[StackFileError]) -> None:
        self.problems = sorted(set(problems), key=_place)
        super().__init__("\n".join(map(str, self.problems)))


def _place(problem: StackFileError) -> tuple[str, int, int, str, str]:
    return (problem.file, problem.line, problem.column, problem.path, problem.problem)
