"""One line of what `doctor` finds: ok, a problem, or not checked and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "problem", "not checked"]


@dataclass(frozen=True)
class Finding:
    """One line of the answer."""

    check: str
    verdict: Verdict
    detail: str
    hint: str | None = None
