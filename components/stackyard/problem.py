"""A problem of a config: the field, the error, and an action that solves it.

Config models yield problems with the paths of their fields, relative to the model. The reader of
stack files converts each path to a file, line and column; no text is searched for positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from stackyard.field_path import FieldPath, dotted

ERROR_TYPE = "problems"
"""The type of the pydantic error with problems, which are under the same key of its context."""


@dataclass(frozen=True)
class Problem:
    """One problem of a config."""

    path: FieldPath
    """The field, relative to the model that found the problem."""

    message: str
    """The error, as one sentence that names the fields and their values."""

    hint: str | None = None
    """One action that solves it; None if the message already contains it."""

    related: tuple[FieldPath, ...] = ()
    """Other fields of the problem: the error shows their positions, too."""


def above(low: str, least: float, high: str, most: float) -> Iterator[Problem]:
    """Yield a problem if the minimum of a range is greater than its maximum."""
    if least > most:
        message = f"`{low}` ({least}) is above `{high}` ({most})"
        yield Problem((low,), message, related=((high,),))


def problems_error(problems: Sequence[Problem]) -> PydanticCustomError:
    """Return the one error that a validator raises for all its problems."""
    text = "; ".join(_line(problem) for problem in problems)
    return PydanticCustomError(ERROR_TYPE, "{text}", {"text": text, "problems": tuple(problems)})


def _line(problem: Problem) -> str:
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{dotted(problem.path)}: {problem.message}{hint}"
