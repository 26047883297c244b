"""Checks the state before the engine starts; each error names the command to run instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import Checkpoint, Resource
from stackyard_cli.backend.errors import StateError
from stackyard_cli.backend.location import Location


def checked_state(location: Location, stack: StackId, *, applies: bool) -> Checkpoint | None:
    """Return the stack's state, None for a new stack.

    Raises StateError if the state is damaged, or missing although the stack was applied; for an
    operation that applies also if the stack is locked or has pending operations.
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
            f"{stack}: an earlier run lost a provider: it is unknown which of its last resources "
            "exist, and an apply could create them twice",
            hint=f"run `stackyard recover {stack}`",
        )
    if pending := checkpoint.pending:
        first = pending[0]
        more = f" and {len(pending) - 1} more" if len(pending) > 1 else ""
        raise StateError(
            f"{stack}: an earlier run was interrupted while {first.operation} {first.urn}{more}; "
            "an apply could create resources twice",
            hint=f"run `stackyard recover {stack}`",
            facts={"pending": [item.urn for item in pending]},
        )
    return checkpoint


def _refuse_missing(location: Location, stack: StackId) -> None:
    record = location.records(stack).read()
    if (record is not None and record.exists) or location.state(stack).traces():
        raise StateError(
            f"{stack}: it was applied, but its state is missing; an apply would create "
            "everything twice",
            hint=f"run `stackyard recover {stack}`: it restores the last good state",
        )


def applied(location: Location, stack: StackId) -> bool:
    """Return whether a stack has published its contract."""
    checkpoint = location.state(stack).read()
    return checkpoint is not None and "contract" in checkpoint.outputs


def recorded_config(location: Location, stack: StackId) -> list[Mapping[str, Any]]:
    """Return the configs that may have created resources: the last applied, the last attempted."""
    record = location.records(stack).read()
    checkpoint = location.state(stack).read()
    if record is None or not record.exists or checkpoint is None or not made(checkpoint):
        return []
    return [config for config in (record.config, record.attempted) if config]


def made(checkpoint: Checkpoint) -> list[Resource]:
    """Return the resources of a state that exist in a cloud or cluster."""
    return [
        resource
        for resource in checkpoint.resources
        if resource.get("custom") and not resource["type"].startswith("pulumi:")
    ]
