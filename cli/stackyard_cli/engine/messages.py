"""The messages between parent and worker: one request in, events out, as JSON lines (both sides).

Workers send only the fields defined here, so that no secret is sent by accident.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Operation = Literal["preview", "up", "destroy", "refresh"]
Phase = Literal["start", "done", "failed"]

REPLACEMENT = frozenset({"replace", "create-replacement", "delete-replaced"})
"""The engine's operations on one resource that together are a replacement."""


def kind_of(operation: str) -> str:
    """Return the kind of change of an engine's operation: `replace` for parts of a replacement."""
    return "replace" if operation in REPLACEMENT else operation


@dataclass(frozen=True)
class Request:
    """One operation on one stack."""

    operation: Operation
    stack: str
    blueprint: str
    config: dict[str, Any]
    upstreams: dict[str, str]
    work_dir: str
    engine_path: str
    engine_version: str
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that this operation adds to the worker's environment, sent by a private pipe."""

    journal: str | None = None
    refresh: bool = False
    values: bool = False
    """Add old and new values of changed properties to the steps; secrets stay masked."""
    types: list[str] = field(default_factory=list)
    """Resource types in the state; their SDK modules are loaded while the engine starts."""

    secrets: dict[str, str] = field(default_factory=dict)
    """ARN by name of existing secrets, which are imported instead of created."""

    targets: list[str] = field(default_factory=list)
    policy_packs: list[str] = field(default_factory=list)
    policy_pack_configs: list[str] = field(default_factory=list)
    """Files with levels and settings of rules, one for each pack."""

    def line(self) -> str:
        """Return the request as one line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def parse(cls, line: str) -> Request:
        """Parse a request."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Change:
    """One changed property; `old` and `new` only if the request has `values`."""

    path: str
    kind: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Step:
    """A step of one resource."""

    phase: Phase
    urn: str
    type: str
    operation: str
    id: str | None = None
    parent: str | None = None
    provider: str | None = None
    custom: bool = True
    changes: tuple[Change, ...] = ()
    replace_keys: tuple[str, ...] = ()
    retained: bool = False
    protected: bool = False
    priced_before: dict[str, Any] | None = None
    """Inputs that decide the price, for priced types only; None if there was no resource."""

    priced_after: dict[str, Any] | None = None
    granted_before: dict[str, Any] | None = None
    """Inputs that grant or deny access, for such types only; None if there was no resource."""

    granted_after: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The logical name: the last part of the URN."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """The operation for people: the parts of a replacement are one `replace`."""
        return kind_of(self.operation)


@dataclass(frozen=True)
class Diagnostic:
    """A message of the engine, a provider or the program."""

    severity: str
    message: str
    urn: str | None = None


@dataclass(frozen=True)
class Violation:
    """A policy that a resource violates."""

    pack: str
    policy: str
    level: str
    message: str
    urn: str | None = None


@dataclass(frozen=True)
class Result:
    """The result of an operation."""

    outcome: Literal["succeeded", "failed", "interrupted"]
    changes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    problem: str | None = None
    hint: str | None = None
    kind: str | None = None
    """Reason of the failure: `policy` or `protected` (and nothing else), `upstream`, `config` (it
    requires a value that the contract of an upstream lacks), `program`, `engine`, `worker`."""


@dataclass(frozen=True)
class EngineStarted:
    """The pid of the engine, so that the parent can kill it."""

    pid: int


Event = Step | Diagnostic | Violation | Result | EngineStarted

KINDS: dict[str, type[Event]] = {
    "step": Step,
    "diagnostic": Diagnostic,
    "violation": Violation,
    "result": Result,
    "engine": EngineStarted,
}
NAMES = {kind: name for name, kind in KINDS.items()}


def dump(event: Event) -> str:
    """Return an event as one line."""
    return json.dumps({"event": NAMES[type(event)], **asdict(event)}) + "\n"


def load(line: str) -> Event:
    """Parse an event; raises ValueError for a line that no worker of this version writes."""
    fields = json.loads(line)
    kind = KINDS[fields.pop("event")]
    if kind is Step:
        fields["changes"] = tuple(Change(**item) for item in fields["changes"])
        fields["replace_keys"] = tuple(fields["replace_keys"])
    return kind(**fields)
