"""What an interrupted run may have made: pending operations, and creates in the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard_cli.backend import journal
from stackyard_cli.backend.checkpoint import Checkpoint, Resource


@dataclass(frozen=True)
class Wanted:
    """A resource that may exist although the state does not hold it."""

    resource: Resource
    """As it would stand in the state; from a journal without inputs, as those can be secret."""

    id: str | None = None
    """The id, if the journal knows that the create had ended."""

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
        """`type::name`, as the tag of the resource says it."""
        return f"{self.type}::{self.urn.rpartition('::')[2]}"

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of the create; empty when only the journal knows of it."""
        return dict(self.resource.get("inputs") or {})


@dataclass(frozen=True)
class Doubts:
    """Everything about a state that a crash left open."""

    creates: list[Wanted] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """URNs of updates and deletes whose end is not known; the state holds their resources."""


def doubts_of(checkpoint: Checkpoint, home: Path, slug: str) -> Doubts:
    """Collect what has to be looked at; parents stand before their children."""
    held = {resource["urn"] for resource in checkpoint.resources if not resource.get("delete")}
    made = journal.creations(home, slug)
    creates: dict[str, Wanted] = {}
    others: list[str] = []
    for pending in checkpoint.pending:
        if pending.operation not in {"creating", "importing", "reading"}:
            others.append(pending.urn)
        elif pending.operation == "creating" and _is_made(pending.resource):
            entry = made.get(pending.urn)
            creates[pending.urn] = Wanted(pending.resource, entry.id if entry else None)
    for urn, entry in made.items():
        if urn not in held and urn not in creates and _is_made(_from_journal(entry)):
            creates[urn] = Wanted(_from_journal(entry), entry.id)
    return Doubts(list(creates.values()), others)


def _is_made(resource: Resource) -> bool:
    return bool(resource.get("custom")) and not str(resource["type"]).startswith("pulumi:")


def _from_journal(entry: journal.Entry) -> Resource:
    resource = {"urn": entry.urn, "type": entry.type, "custom": entry.custom}
    if entry.parent:
        resource["parent"] = entry.parent
    if entry.provider:
        resource["provider"] = entry.provider
    return resource
