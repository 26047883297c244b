"""Reads and writes a stack's records: applied config, key file, last good state."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from stackyard.naming import StackId
    from stackyard_cli.backend.base import Store

Outcome = Literal[
    "applying", "applied", "failed", "interrupted", "unsettled", "destroying", "destroyed"
]
"""`unsettled`: a provider ended during the run, so that its last results are unknown."""


@dataclass(frozen=True)
class Record:
    """The last run of one stack, and its config."""

    stack: str
    blueprint: str
    outcome: Outcome
    at: str
    """Time of the outcome, UTC."""

    config: dict[str, Any] = field(default_factory=dict)
    """The effective config of the last successful apply; empty before the first one."""

    attempted: dict[str, Any] = field(default_factory=dict)
    """The effective config of a failed apply; it may have created resources."""

    digest: str = ""
    fingerprint: dict[str, Any] = field(default_factory=dict)
    """What the last successful run depended on, and the state that it left; empty if not known."""

    checkpoint: str = ""
    """SHA-256 of the bytes of that state; comparing it spares reading a large document."""

    engine: str = ""
    sdk: str = ""

    def now(self, outcome: Outcome, **changes: Any) -> Record:
        """Return the record with a new outcome, dated now."""
        return replace(self, outcome=outcome, at=_now(), **changes)

    @property
    def exists(self) -> bool:
        """Whether the stack should have resources: it was applied and not destroyed since."""
        return self.outcome != "destroyed"


class Records:
    """The records of one stack in its backend."""

    def __init__(self, store: Store, stack: StackId) -> None:
        self._store = store
        self._base = f".stackyard/{stack}"

    def read(self) -> Record | None:
        """Return the record, or None for a stack that was never applied."""
        data = self._store.get(f"{self._base}/record.json")
        return None if data is None else Record(**json.loads(data))

    def write(self, record: Record) -> None:
        """Write the record."""
        text = json.dumps(asdict(record), indent=2, sort_keys=True)
        self._store.put(f"{self._base}/record.json", text.encode())

    def key_file(self) -> bytes | None:
        """Return the stack's `Pulumi.<stage>.yaml`: salt or wrapped data key, no secret itself.

        Without it each run uses a new salt and changes every ciphertext (pulumi #16412).
        """
        return self._store.get(f"{self._base}/key.yaml")

    def keep_key_file(self, data: bytes) -> None:
        """Store the key file."""
        if data != self.key_file():
            self._store.put(f"{self._base}/key.yaml", data)

    def good_state(self) -> bytes | None:
        """Return the bytes of the last good checkpoint."""
        return self._store.get(f"{self._base}/checkpoint.json")

    def keep_state(self, data: bytes) -> None:
        """Store a copy of a checkpoint that is readable and has nothing pending."""
        self._store.put(f"{self._base}/checkpoint.json", data)


def new_record(stack: StackId, blueprint: str) -> Record:
    """Return the record of a stack before its first apply."""
    return Record(stack=str(stack), blueprint=blueprint, outcome="applying", at=_now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
