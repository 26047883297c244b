"""Reads the pending operations of an interrupted run, from the state and from the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard_cli.backend import journal
from stackyard_cli.backend.checkpoint import Checkpoint, Resource


@dataclass(frozen=True)
class PendingCreate:
    """A resource that may exist although it is not in the state."""

    resource: Resource
    """The resource in the form of a state; from a journal without inputs, which can be secret."""

    id: str | None = None
    """The Pulumi ID, if the journal has the end of the create."""

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return str(self.resource["urn"])

    @property
    def type(self) -> str:
        """The resource's type token."""
        return str(self.resource["type"])

    @property
    def label(self) -> str:
        """`type::name`, the value of the resource's tag."""
        return f"{self.type}::{self.urn.rpartition('::')[2]}"

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of the create; empty if it is only in the journal."""
        return dict(self.resource.get("inputs") or {})


@dataclass(frozen=True)
class PendingChanges:
    """The operations of a crashed run whose result is not known."""

    creates: list[PendingCreate] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """URNs of updates and deletes; their resources are in the state."""


def pending_changes(checkpoint: Checkpoint, home: Path, slug: str) -> PendingChanges:
    """Return the pending operations of a stack; parents come before their children."""
    held = {resource["urn"] for resource in checkpoint.resources if not resource.get("delete")}
    made = journal.creations(home, slug)
    creates: dict[str, PendingCreate] = {}
    others: list[str] = []
    for pending in checkpoint.pending:
        if pending.operation not in {"creating", "importing", "reading"}:
            others.append(pending.urn)
        elif pending.operation == "creating" and _is_made(pending.resource):
            entry = made.get(pending.urn)
            creates[pending.urn] = PendingCreate(pending.resource, entry.id if entry else None)
    for urn, entry in made.items():
        if urn not in held and urn not in creates and _is_made(_from_journal(entry)):
            creates[urn] = PendingCreate(_from_journal(entry), entry.id)
    return PendingChanges(list(creates.values()), others)


def _is_made(resource: Resource) -> bool:
    return bool(resource.get("custom")) and not str(resource["type"]).startswith("pulumi:")


def _from_journal(entry: journal.Entry) -> Resource:
    resource = {"urn": entry.urn, "type": entry.type, "custom": entry.custom}
    if entry.parent:
        resource["parent"] = entry.parent
    if entry.provider:
        resource["provider"] = entry.provider
    return resource
