"""Validates the stack files of an estate, and the dates of their waivers and exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stackyard.estate.errors import EstateError, StackFileError, StackFileErrors
from stackyard.estate.estate import Estate
from stackyard.field_path import FieldPath, dotted
from stackyard.naming import StackId
from stackyard_cli.estate_ops.selection import select
from stackyard_cli.review import blast_radius, policies
from stackyard_cli.review.dates import today


def validate(estate: Estate, selection: Sequence[str] | None) -> int:
    """Validate stacks, by default all; return their number. Raises StackFileErrors."""
    stacks = select(estate, selection)
    problems = estate.check(stacks) or [*_expired(estate, stacks), *_rings(estate)]
    if problems:
        raise StackFileErrors(problems)
    return len(stacks)


def _expired(estate: Estate, stacks: Sequence[StackId]) -> list[StackFileError]:
    """Return the expired waivers and exceptions; config models do not read the clock."""
    for stage in {stack.stage for stack in stacks}:
        policies.levels_of(estate.settings, stage, today())
    return [
        problem for stack in stacks for problem in blast_radius.expired(estate.load(stack), today())
    ]


def _rings(estate: Estate) -> Iterator[StackFileError]:
    """Yield the conditions of rings that no stack meets; the settings do not know the stacks."""
    origins = estate.settings_origins()
    for index, ring in enumerate(estate.settings.rings):
        for number, condition in enumerate(ring.stacks):
            path: FieldPath = ("rings", index, "stacks", number)
            try:
                select(estate, [condition])
            except EstateError as error:
                yield StackFileError(*origins[path], dotted(path), error.message, hint=error.hint)
