"""Counts the calls that the provider held to AWS's descriptions, in files of the sandbox's folder.

`make judges` reads them. They contain operations, parameter paths and rules, never values.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stackyard_sandbox.processes import write_private

FOLDER = "held-calls"


@dataclass(frozen=True)
class Refusal:
    """A rule that a call broke."""

    operation: str
    """For example `iam:CreateRole`."""

    path: str
    rule: str


@dataclass
class Held:
    """How many calls were made, how many of their values a rule was asked about, and refusals."""

    calls: int = 0
    values: int = 0
    refused: list[Refusal] = field(default_factory=list)


class Ledger:
    """The counts of one process, written after each call."""

    def __init__(self, sandbox: Path) -> None:
        self._file = sandbox / FOLDER / f"{os.getpid()}.json"
        self._held = _of(self._file)
        self._lock = threading.Lock()

    def add(self, values: int, refused: Sequence[Refusal] = ()) -> None:
        """Count one call."""
        with self._lock:
            self._held.calls += 1
            self._held.values += values
            self._held.refused += [one for one in refused if one not in self._held.refused]
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            write_private(self._file, json.dumps(asdict(self._held)))


def read(sandbox: Path) -> Held:
    """Return what all provider processes of a sandbox held, since it was reset."""
    total = Held()
    for path in sorted((sandbox / FOLDER).glob("*.json")):
        held = _of(path)
        total.calls += held.calls
        total.values += held.values
        total.refused += held.refused
    return total


def _of(path: Path) -> Held:
    if not path.exists():
        return Held()
    counts = json.loads(path.read_text())
    return Held(counts["calls"], counts["values"], [Refusal(**one) for one in counts["refused"]])
