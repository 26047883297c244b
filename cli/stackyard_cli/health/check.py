"""The result of one check: its subject, its state, the evidence, and one action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from stackyard.estate.errors import EstateError
from stackyard_cli.errors import StackyardError

State = Literal["ok", "problem", "not checked", "not declared"]


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    state: State
    detail: str
    """The evidence, or the reason why nothing was checked, in one line."""

    hint: str | None = None
    """One action that solves a problem; None if there is no problem."""

    @classmethod
    def of_problems(cls, name: str, problems: Sequence[str], evidence: str) -> Check:
        """Return a problem if there are any, else success with the evidence."""
        if problems:
            return cls(name, "problem", "; ".join(problems))
        return cls(name, "ok", evidence)

    @classmethod
    def not_declared(cls, name: str) -> Check:
        """Return that the stack file lacks the section, so that there is nothing to check."""
        return cls(name, "not declared", "")

    @property
    def failed(self) -> bool:
        """Whether it found a problem; a check that could not run found none."""
        return self.state == "problem"


def attempt(name: str, check: Callable[[str], Check]) -> Check:
    """Run a check; an expected error becomes a problem, with the hint of the error."""
    try:
        return check(name)
    except StackyardError as error:
        return Check(name, "problem", error.message, error.hint)
    except EstateError as error:
        return Check(name, "problem", error.message.splitlines()[0], error.hint)
