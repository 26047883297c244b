"""Reads contracts of applied stacks from the backend, without the engine."""

from __future__ import annotations

from stackyard.contracts import OUTPUT, C, ContractError, parse
from stackyard.naming import StackId
from stackyard_cli.backend import preconditions
from stackyard_cli.backend.location import Location
from stackyard_cli.errors import StackyardError


def contract_of(location: Location, model: type[C], stack: StackId) -> C:
    """Return the last published contract of a stack; raises StackyardError if it has none."""
    checkpoint = preconditions.checked_state(location, stack, applies=False)
    outputs = checkpoint.outputs if checkpoint else {}
    try:
        return parse(model, outputs.get(OUTPUT), str(stack))
    except ContractError as error:
        raise StackyardError(str(error), hint=error.hint) from error
