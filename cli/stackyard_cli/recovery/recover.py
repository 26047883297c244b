"""Repairs a stack's state after a crash: unlock, restore, adopt what was created, refresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import Checkpoint, StackState
from stackyard_cli.backend.errors import StateError
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pending import Doubts, Wanted, doubts_of
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.engine.parent.session import session
from stackyard_cli.inventory.census import STACK_TAG, Found, held_by
from stackyard_cli.recovery.lock import check_dead
from stackyard_cli.recovery.repair import repaired, without


class Census(Protocol):
    """Searches the account for the resources of one stack."""

    def tagged(self) -> list[Found]:
        """Return everything with the stack's tag."""

    def identify(self, wanted: Sequence[Wanted], held: Set[str]) -> dict[str, str]:
        """Return the likely id by URN; never one of those that the state holds."""


@dataclass
class Recovery:
    """The result of a recovery."""

    stack: str
    unlocked: list[str] = field(default_factory=list)
    """Holders of the locks that were removed."""

    restored: str | None = None
    """The copy that the state was restored from, if it was missing or unreadable."""

    adopted: list[str] = field(default_factory=list)
    """URNs of existing resources that were added to the state."""

    not_made: list[str] = field(default_factory=list)
    """URNs that were never created."""

    foreign: list[str] = field(default_factory=list)
    """URNs whose physical name belongs to a resource tagged with another stack."""

    checked: list[str] = field(default_factory=list)
    """URNs whose update or delete was interrupted, and that were refreshed."""

    leftovers: list[str] = field(default_factory=list)
    """Resources tagged with the stack that are not in its state."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return what was done, for people."""
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
    """Repair a stack's state; raises StateError while a live process holds the stack.

    `take_over` names the holder (`user@host`) of a lock made on another machine, where nobody here
    can see whether it lives.
    """
    outcome = Recovery(str(stack))
    state = location.state(stack)
    for lock in state.locks():
        check_dead(lock, stack, take_over)
        location.store.delete(lock.key)
        outcome.unlocked.append(str(lock))
        report(f"{stack}: removed the lock of {lock}")
    checkpoint = _readable(location, state, stack, outcome)
    doubts = doubts_of(checkpoint, location.home, stack.slug)
    ids = census.identify(doubts.creates, held_by(checkpoint)) if doubts.creates else {}
    if doubts.creates or doubts.others or checkpoint.pending:
        report(
            f"{stack}: {len(doubts.creates)} interrupted creates "
            f"and {len(doubts.others)} other operations"
        )
        _repair(location, engine, stack, checkpoint, doubts, ids, outcome)
    held = location.state(stack).read()
    outcome.leftovers = leftovers(held, census.tagged()) if held else []
    records = location.records(stack)
    record = records.read()
    if record and record.outcome in {"applying", "destroying", "interrupted", "unsettled"}:
        records.write(record.now("failed"))
    return outcome


def leftovers(checkpoint: Checkpoint, found: Sequence[Found]) -> list[str]:
    """Return tagged things that no resource of the state stands for."""
    held = held_by(checkpoint)
    return sorted(
        f"{one.arn} ({one.label or 'no resource tag'})"
        for one in found
        if one.arn not in held and one.last not in held
    )


def foreign(checkpoint: Checkpoint, adopted: Sequence[str], stack: StackId) -> list[str]:
    """Return adopted URNs that stand for another stack's thing of the same name.

    One without any tag is taken for ours: some services set tags by a call of their own, after the
    create.
    """
    found: list[str] = []
    for resource in checkpoint.resources:
        tags = (resource.get("outputs") or {}).get("tagsAll")
        owner = tags.get(STACK_TAG) if isinstance(tags, dict) else None
        if resource["urn"] in adopted and owner not in (None, str(stack)):
            found.append(resource["urn"])
    return found


def _repair(
    location: Location,
    engine: Engine,
    stack: StackId,
    checkpoint: Checkpoint,
    doubts: Doubts,
    ids: Mapping[str, str],
    outcome: Recovery,
) -> None:
    deployment, adopted, unplaced = repaired(checkpoint, doubts, ids)
    targets = [*adopted, *doubts.others]
    with session(location, engine, stack) as opened:
        opened.replace_state(deployment)
        opened.keep_key_file()
        if targets:
            words = [word for urn in targets for word in ("--target", urn)]
            name = stack.reference
            opened.cli("refresh", "--yes", "--skip-preview", "--stack", name, *words)
        now = location.state(stack).read()
        if now and (others := foreign(now, adopted, stack)):
            opened.replace_state(without(now, set(others)))
            outcome.foreign = others
            now = location.state(stack).read()
    held = {resource["urn"] for resource in now.resources} if now else set()
    outcome.adopted = [urn for urn in adopted if urn in held]
    held |= set(outcome.foreign)
    outcome.not_made = [w.urn for w in doubts.creates if w.urn not in held]
    outcome.not_made = [u for u in outcome.not_made if u not in {w.urn for w in unplaced}]
    outcome.checked = list(doubts.others)


def _readable(
    location: Location, state: StackState, stack: StackId, outcome: Recovery
) -> Checkpoint:
    """Return the state, restored from the newest copy that is whole if it has to be."""
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
        f"{stack}: no state, and no copy of one that can be read",
        hint="restore the backend's object from its own versions",
    )
