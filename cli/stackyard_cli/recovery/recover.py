"""Repairs a stack's state after a crash: unlock, restore, adopt created resources, refresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import Checkpoint, StackState
from stackyard_cli.backend.errors import StateError
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pending import PendingChanges, PendingCreate, pending_changes
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.engine.parent.session import session
from stackyard_cli.inventory.census import STACK_TAG, TaggedResource, held_by
from stackyard_cli.recovery.lock import check_dead
from stackyard_cli.recovery.repair import repaired, without


class Census(Protocol):
    """Searches the account for the resources of one stack."""

    def tagged(self) -> list[TaggedResource]:
        """Return every resource with the stack's tag."""

    def identify(self, creates: Sequence[PendingCreate], held: Set[str]) -> dict[str, str]:
        """Return the likely ID of each create by URN; never an ID that is in the state."""


@dataclass
class Recovery:
    """The result of a recovery."""

    stack: str
    unlocked: list[str] = field(default_factory=list)
    """Holders of the removed locks."""

    restored: str | None = None
    """The copy from which the state was restored, if it was missing or unreadable."""

    adopted: list[str] = field(default_factory=list)
    """URNs of existing resources that were added to the state."""

    not_made: list[str] = field(default_factory=list)
    """URNs that were never created."""

    foreign: list[str] = field(default_factory=list)
    """URNs whose physical name belongs to a resource tagged with another stack."""

    checked: list[str] = field(default_factory=list)
    """URNs with an interrupted update or delete, which were refreshed."""

    leftovers: list[str] = field(default_factory=list)
    """Resources tagged with the stack that are not in its state."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the result as lines for people."""
        lines = [f"unlocked: {holder}" for holder in self.unlocked]
        if self.restored:
            lines.append(f"state restored from {self.restored}")
        lines += [f"adopted: {urn}" for urn in self.adopted]
        lines += [f"was not created: {urn}" for urn in self.not_made]
        lines += [f"its name belongs to another stack: {urn}" for urn in self.foreign]
        lines += [f"checked: {urn}" for urn in self.checked]
        lines += [f"not in the state: {item}" for item in self.leftovers]
        return lines or [f"{self.stack}: nothing to recover"]


def recover(
    location: Location,
    engine: Engine,
    stack: StackId,
    census: Census,
    *,
    take_over: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Recovery:
    """Repair a stack's state; raises StateError while a running process has the lock.

    `take_over` names the holder (`user@host`) of a lock made on another machine, whose processes
    cannot be checked from here.
    """
    outcome = Recovery(str(stack))
    state = location.state(stack)
    for lock in state.locks():
        check_dead(lock, stack, take_over)
        location.store.delete(lock.key)
        outcome.unlocked.append(str(lock))
        report(f"{stack}: removed the lock of {lock}")
    location.store.mend(state.checkpoint_key)
    checkpoint = _readable(location, state, stack, outcome)
    pending = pending_changes(checkpoint, location.home, stack.slug)
    ids = census.identify(pending.creates, held_by(checkpoint)) if pending.creates else {}
    if pending.creates or pending.others or checkpoint.pending:
        report(
            f"{stack}: {len(pending.creates)} interrupted creates "
            f"and {len(pending.others)} other operations"
        )
        _repair(location, engine, stack, checkpoint, pending, ids, outcome)
    held = location.state(stack).read()
    outcome.leftovers = not_in_state(held, census.tagged()) if held else []
    records = location.records(stack)
    record = records.read()
    if record and record.outcome in {"applying", "destroying", "interrupted", "unsettled"}:
        records.write(record.now("failed"))
    return outcome


def not_in_state(checkpoint: Checkpoint, resources: Sequence[TaggedResource]) -> list[str]:
    """Return a line for each tagged resource that is not in the state."""
    held = held_by(checkpoint)
    return sorted(
        f"{one.arn} ({one.label or 'no resource tag'})"
        for one in resources
        if one.arn not in held and one.last not in held
    )


def foreign(checkpoint: Checkpoint, adopted: Sequence[str], stack: StackId) -> list[str]:
    """Return adopted URNs whose physical resource belongs to another stack, by its tag.

    A resource without tags counts as our own: some services set tags by a second call after the
    create.
    """
    urns: list[str] = []
    for resource in checkpoint.resources:
        tags = (resource.get("outputs") or {}).get("tagsAll")
        owner = tags.get(STACK_TAG) if isinstance(tags, dict) else None
        if resource["urn"] in adopted and owner not in (None, str(stack)):
            urns.append(resource["urn"])
    return urns


def _repair(
    location: Location,
    engine: Engine,
    stack: StackId,
    checkpoint: Checkpoint,
    pending: PendingChanges,
    ids: Mapping[str, str],
    outcome: Recovery,
) -> None:
    deployment, adopted, unplaced = repaired(checkpoint, pending, ids)
    targets = [*adopted, *pending.others]
    with session(location, engine, stack) as opened:
        opened.replace_state(deployment)
        opened.keep_key_file()
        if targets:
            options = [part for urn in targets for part in ("--target", urn)]
            name = stack.reference
            opened.cli("refresh", "--yes", "--skip-preview", "--stack", name, *options)
        now = location.state(stack).read()
        if now and (others := foreign(now, adopted, stack)):
            opened.replace_state(without(now, set(others)))
            outcome.foreign = others
            now = location.state(stack).read()
    held = {resource["urn"] for resource in now.resources} if now else set()
    outcome.adopted = [urn for urn in adopted if urn in held]
    held |= set(outcome.foreign)
    outcome.not_made = [w.urn for w in pending.creates if w.urn not in held]
    outcome.not_made = [u for u in outcome.not_made if u not in {w.urn for w in unplaced}]
    outcome.checked = list(pending.others)


def _readable(
    location: Location, state: StackState, stack: StackId, outcome: Recovery
) -> Checkpoint:
    """Return the state; if it is unreadable, restore the newest readable copy first."""
    where = str(stack)
    try:
        if checkpoint := state.read():
            return checkpoint
    except StateError:
        damaged = state.raw() or b""
        location.store.put(f".stackyard/{stack}/damaged.json", damaged)
    copies = {
        "the engine's own backup": location.store.get(f"{state.checkpoint_key}.bak"),
        "the copy made before the last apply": location.records(stack).good_state(),
    }
    for source, data in copies.items():
        try:
            checkpoint = Checkpoint(data or b"", where)
        except StateError:
            continue
        location.store.put(state.checkpoint_key, data or b"")
        outcome.restored = source
        return checkpoint
    raise StateError(
        f"{stack}: there is no readable state, and no readable copy",
        hint="restore the backend's object from its own versions",
    )
