"""Selects stacks: the one language in which every subcommand takes its stacks.

An argument is one or more conditions with commas between them, which must all hold. Several
arguments select what any of them selects; an argument of `not:` alone is taken away from that.

    ranking/*/dev             path, with globs        upstream-of:PATH    whose contract PATH reads
    stage:prod  team:rank*    parts of the path       downstream-of:PATH  that read PATH's contract
    blueprint:project         kind of stack           affected:REV        changed since a revision
    tag:cost-center=ml        effective tags          not:CONDITION       all but these

`stage:prod,not:team:vision` is production without the stacks of one team.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard.suggestion import did_you_mean

NOT = "not:"


def select(estate: Estate, arguments: Sequence[str] | None) -> list[StackId]:
    """Return the selected stacks, sorted; all of them for no argument.

    Raises EstateError for a condition that no stack meets: a typing error must not look like
    "nothing to do". `affected:REV` may select nothing.
    """
    if not arguments:
        return estate.stacks()
    chosen: set[StackId] = set()
    removed: set[StackId] = set()
    adds = False
    for argument in arguments:
        conditions = argument.split(",")
        if all(condition.startswith(NOT) for condition in conditions):
            removed |= set.intersection(
                *(_met(estate, one.removeprefix(NOT)) for one in conditions)
            )
            continue
        adds = True
        chosen |= set.intersection(*(_of_condition(estate, one) for one in conditions))
    return sorted((chosen if adds else set(estate.stacks())) - removed)


def _of_condition(estate: Estate, condition: str) -> set[StackId]:
    if condition.startswith(NOT):
        return set(estate.stacks()) - _met(estate, condition.removeprefix(NOT))
    return _met(estate, condition)


def _met(estate: Estate, condition: str) -> set[StackId]:
    """Return the stacks that meet one condition; raises EstateError if it cannot be met."""
    key, colon, value = condition.partition(":")
    if not colon:
        return set(estate.select([condition]))
    if key not in CONDITIONS:
        known = ", ".join(f"{name}:" for name in CONDITIONS)
        raise EstateError(
            f"no condition {key!r} for a selection (got {condition!r})",
            did_you_mean(key, CONDITIONS, otherwise=f"conditions are a path, {known} and {NOT}"),
        )
    return CONDITIONS[key](estate, value)


def _of_part(part: str) -> Callable[[Estate, str], set[StackId]]:
    """Return the condition on one part of a stack's path."""

    def met(estate: Estate, glob: str) -> set[StackId]:
        return _some(estate, part, glob, {s: [getattr(s, part)] for s in estate.stacks()})

    return met


def _of_blueprint(estate: Estate, glob: str) -> set[StackId]:
    values = {stack: [estate.blueprint(stack)] for stack in estate.stacks()}
    return _some(estate, "blueprint", glob, values)


def _of_tag(estate: Estate, glob: str) -> set[StackId]:
    """Return stacks by an effective tag: `KEY` or `KEY=VALUE`."""
    tags = {stack: estate.load(stack).config.tags for stack in estate.stacks()}
    pairs = {
        stack: [*found, *(f"{k}={v}" for k, v in found.items())] for stack, found in tags.items()
    }
    return _some(estate, "tag", glob, pairs)


def _some(estate: Estate, name: str, glob: str, values: dict[StackId, list[str]]) -> set[StackId]:
    """Return the stacks one of whose values matches; raises EstateError if there is none."""
    met = {stack for stack, own in values.items() if any(fnmatchcase(value, glob) for value in own)}
    if not met:
        known = sorted({value for own in values.values() for value in own})
        hint = did_you_mean(glob, known, otherwise=f"this estate has: {', '.join(known[:12])}")
        raise EstateError(f"no stack with {name} {glob!r}", hint)
    return met


def _upstream_of(estate: Estate, path: str) -> set[StackId]:
    """Return the stacks whose contracts these stacks read, directly or through others."""
    return _reached(estate.select([path]), lambda stack: estate.upstreams(stack).values())


def _downstream_of(estate: Estate, path: str) -> set[StackId]:
    """Return the stacks that read a contract of these stacks, directly or through others."""
    readers: dict[StackId, list[StackId]] = {}
    for stack in estate.stacks():
        for upstream in estate.upstreams(stack).values():
            readers.setdefault(upstream, []).append(stack)
    return _reached(estate.select([path]), lambda stack: readers.get(stack, ()))


def _reached(
    start: Iterable[StackId], step: Callable[[StackId], Iterable[StackId]]
) -> set[StackId]:
    reached: set[StackId] = set()
    waiting = list(start)
    while waiting:
        found = set(step(waiting.pop())) - reached
        reached |= found
        waiting += found
    return reached


def _affected(estate: Estate, revision: str) -> set[StackId]:
    """Return the stacks that the working tree changes since a revision; removed ones are not."""
    from stackyard_cli.estate_ops.affected import affected

    touched = {row.stack for row in affected(estate.root, revision).stacks}
    return {stack for stack in estate.stacks() if str(stack) in touched}


CONDITIONS: dict[str, Callable[[Estate, str], set[StackId]]] = {
    "stage": _of_part("stage"),
    "team": _of_part("team"),
    "project": _of_part("project"),
    "blueprint": _of_blueprint,
    "tag": _of_tag,
    "affected": _affected,
    "upstream-of": _upstream_of,
    "downstream-of": _downstream_of,
}
