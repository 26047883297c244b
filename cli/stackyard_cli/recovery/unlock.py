"""Removes the locks of ended runs from a stack."""

from __future__ import annotations

from collections.abc import Sequence

from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.errors import StackyardError
from stackyard_cli.recovery.lock import Held, check_dead, held


def dead_locks(location: Location, stack: StackId, take_over: str | None) -> list[Held]:
    """Return the locks on a stack; raises StackyardError if a holder runs, or may run.

    `take_over` names the holder (`user@host`) of a lock taken on another machine.
    """
    if not location.store.sees_locks:
        raise StackyardError(
            f"only the engine sees locks in {location.backend_url}",
            hint=f"ask the holder of the lock; `pulumi cancel {stack.reference}` removes its lock",
        )
    locks = held(location, [stack])
    for one in locks:
        check_dead(one.lock, stack, take_over)
    return locks


def remove(location: Location, locks: Sequence[Held]) -> None:
    """Remove only these locks: a lock that was taken in the meantime stays."""
    for one in locks:
        location.store.delete(one.lock.key)
