"""What must hold before the engine starts; each refusal says what to run instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import Checkpoint, Resource
from stackyard_cli.backend.errors import StateError
from stackyard_cli.backend.location import Location


def checked_state(location: Location, stack: StackId, *, applies: bool) -> Checkpoint | None:
    """Return the stack's state, None for a stack that is new.

    Raises StateError when the state is missing but should be there, is not readable, and, for an
    operation that applies, when the stack is locked or has operations whose end is not known.
    """
    state = location.state(stack)
    checkpoint = state.read()
    if checkpoint is None:
        _refuse_missing(location, stack)
        return None
    if not applies:
        return checkpoint
    if locks := state.locks():
        raise StateError(
            f"{stack} is locked by {locks[0]}",
            hint=f"wait for it to end; after a crash run `stackyard recover {stack}`",
            facts={"locks": [str(lock) for lock in locks]},
        )
    record = location.records(stack).read()
    if record is not None and record.outcome == "unsettled":
        raise StateError(
            f"{stack}: an earlier run lost a provider; whether what it had begun was made is not "
            "known, and applying again could make it twice",
            hint=f"run `stackyard recover {stack}`",
        )
    if pending := checkpoint.pending:
        first = pending[0]
        more = f" and {len(pending) - 1} more" if len(pending) > 1 else ""
        raise StateError(
            f"{stack}: an earlier run was cut off while {first.operation} {first.urn}{more}; "
            "applying over it would make things twice",
            hint=f"run `stackyard recover {stack}`",
            facts={"pending": [item.urn for item in pending]},
        )
    return checkpoint


def _refuse_missing(location: Location, stack: StackId) -> None:
    record = location.records(stack).read()
    if (record is not None and record.exists) or location.state(stack).traces():
        raise StateError(
            f"{stack}: a known stack without state; starting over would make everything twice",
            hint=f"run `stackyard recover {stack}`: it restores the last good state",
        )


def applied(location: Location, stack: StackId) -> bool:
    """Say whether a stack has published its contract, which others read."""
    checkpoint = location.state(stack).read()
    return checkpoint is not None and "contract" in checkpoint.outputs


def recorded_config(location: Location, stack: StackId) -> list[Mapping[str, Any]]:
    """Return the configs that resources may have been made by: last applied, last attempted."""
    record = location.records(stack).read()
    checkpoint = location.state(stack).read()
    if record is None or not record.exists or checkpoint is None or not made(checkpoint):
        return []
    return [config for config in (record.config, record.attempted) if config]


def made(checkpoint: Checkpoint) -> list[Resource]:
    """Return the resources of a state that stand for something in a cloud or cluster."""
    return [
        resource
        for resource in checkpoint.resources
        if resource.get("custom") and not resource["type"].startswith("pulumi:")
    ]
