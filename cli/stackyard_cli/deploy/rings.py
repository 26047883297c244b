"""Deals the stacks of one `up` into rings, and waits until a ring is green before the next one.

A run that stops is continued by the same command: stacks of earlier rings are unchanged then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.backend.location import Location
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.errors import StackyardError
from stackyard_cli.estate_ops.selection import select
from stackyard_cli.health import status

REST = "rest"
"""Name of the ring of all stacks that no ring names."""

POLL_SECONDS = 30.0
"""Seconds between two looks at the stacks of a ring."""


@dataclass(frozen=True)
class Dealt:
    """The selected stacks of one ring."""

    name: str
    stacks: tuple[StackId, ...]
    green_seconds: float = 0


def dealt(estate: Estate, stacks: Sequence[StackId]) -> list[Dealt]:
    """Return the rings that have selected stacks, in their order; one ring if none is declared.

    Raises EstateError if a stack reads the contract of one in a later ring.
    """
    left = set(stacks)
    rings: list[Dealt] = []
    for ring in estate.settings.rings:
        own = left & set(select(estate, ring.stacks))
        rings.append(Dealt(ring.name, tuple(sorted(own)), ring.green_minutes * 60))
        left -= own
    rings = [ring for ring in (*rings, Dealt(REST, tuple(sorted(left)))) if ring.stacks]
    _refuse_later_upstreams(estate, rings)
    return rings


def _refuse_later_upstreams(estate: Estate, rings: Sequence[Dealt]) -> None:
    place = {stack: index for index, ring in enumerate(rings) for stack in ring.stacks}
    for stack, index in place.items():
        for upstream in estate.upstreams(stack).values():
            if place.get(upstream, index) > index:
                later = rings[place[upstream]].name
                raise EstateError(
                    f"{stack} is in the ring {rings[index].name!r} and reads the contract of "
                    f"{upstream}, which is in the later ring {later!r}",
                    "name the upstream in the same ring or in an earlier one (`rings` in "
                    "stacks/_estate.yaml)",
                )


class Health:
    """Looks at the concerns of applied stacks, alarms among them."""

    def __init__(self, location: Location, estate: Estate, stops: StopSignals) -> None:
        self._location, self._estate, self._stops = location, estate, stops

    def await_green(
        self,
        ring: Dealt,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look until the ring was free of problems for so long; at least once.

        Raises StackyardError at the first problem. A stop signal ends the wait.
        """
        end = clock() + seconds
        while not self._stops.received:
            if problem := next(self._problems(ring.stacks), None):
                names = " ".join(map(str, ring.stacks))
                raise StackyardError(
                    f"the ring {ring.name!r} is not green, so no later ring was applied: {problem}",
                    hint=f"see `stackyard status {names}`; once it is green, run the same command "
                    "again: what is applied is unchanged",
                )
            left = end - clock()
            if left <= 0:
                return
            render.status(f"ring {ring.name}: green, {left:.0f} s to go")
            sleep(min(POLL_SECONDS, left))

    def _problems(self, stacks: Iterable[StackId]) -> Iterator[str]:
        for stack in stacks:
            for check in status.concerns(self._location, self._estate, stack):
                if check.failed:
                    yield f"{stack}: {check.name}: {check.detail}"
