"""Writes and reads the write-ahead journal of a run: the steps and their results, by URN and id.

It is on this machine, for every kind of state backend, so that every created resource is known even
if the backend is lost during an update or a provider ends without an answer.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

KEPT = 20
"""Number of journals that are kept per stack."""

WRITTEN = ("phase", "operation", "urn", "type", "id", "parent", "provider", "custom")
"""Fields of a step that are written: an allow-list, because inputs and outputs can contain
secrets."""

UNREMARKABLE = frozenset({"same", "read", "refresh"})
"""Operations that change nothing in the cloud."""


class JournalStep(Protocol):
    """The part of a step that the journal reads."""

    @property
    def operation(self) -> str:
        """The engine's operation, for example `create`."""


class Journal:
    """Appends lines; each is on disk before the next event is handled."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def step(self, step: JournalStep) -> None:
        """Write one step of a resource, with the allowed fields only."""
        if step.operation not in UNREMARKABLE:
            self.write({name: getattr(step, name) for name in WRITTEN})

    def write(self, line: dict[str, Any]) -> None:
        """Write one line."""
        stamped = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **line}
        os.write(self._file, (json.dumps(stamped) + "\n").encode())
        os.fsync(self._file)


@dataclass(frozen=True)
class Entry:
    """One step, read from a journal."""

    phase: str
    operation: str
    urn: str
    type: str
    id: str | None
    parent: str | None
    provider: str | None
    custom: bool


def folder_of(home: Path, slug: str) -> Path:
    """Return the folder of a stack's journals."""
    return home / "journal" / slug


def new_path(home: Path, slug: str, operation: str) -> Path:
    """Return the path of a run's journal, and remove the oldest ones."""
    folder = folder_of(home, slug)
    for old in sorted(folder.glob("*.jsonl"))[: -KEPT + 1]:
        old.unlink(missing_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    return folder / f"{stamp}-{operation}.jsonl"


def entries(path: Path) -> list[Entry]:
    """Read a journal; a line truncated by a crash is skipped."""
    steps: list[Entry] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            fields = json.loads(line)
            steps.append(Entry(**{name: fields[name] for name in WRITTEN}))
        except (ValueError, KeyError):
            continue
    return steps


def creations(home: Path, slug: str) -> dict[str, Entry]:
    """Return the latest creation of each URN in the journals, without those deleted afterwards."""
    made: dict[str, Entry] = {}
    for path in sorted(folder_of(home, slug).glob("*.jsonl")):
        for entry in entries(path):
            if entry.operation in {"create", "create-replacement", "import"}:
                made[entry.urn] = entry
            elif entry.operation == "delete" and entry.phase == "done":
                made.pop(entry.urn, None)
    return made
