"""Runs stacks in dependency order, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from stackyard.naming import StackId
from stackyard_cli.engine.parent.stops import Stops
from stackyard_cli.engine.report import Report, Task

WIDTH = 2
"""Stacks at once: a worker takes about 180 MB, and its program a whole core."""


def in_order(
    layers: Iterable[Sequence[Task]],
    act: Callable[[Task], Report],
    *,
    stops: Stops,
    beat: Callable[[], None],
    skip: Callable[[Task, dict[StackId, Report]], Report | None],
) -> dict[StackId, Report]:
    """Act on every stack, layer by layer, two at once; `skip` may answer in place of acting.

    The main thread only waits and calls `beat`, so that signals are handled at once.
    """
    done: dict[StackId, Report] = {}
    with ThreadPoolExecutor(WIDTH) as pool:
        for layer in layers:
            running: dict[Future[Report], Task] = {}
            for task in layer:
                if stops.wanted:
                    break
                if answer := skip(task, done):
                    done[task.stack] = answer
                else:
                    running[pool.submit(act, task)] = task
            left = set(running)
            while left:
                left = wait(left, timeout=0.2).not_done
                beat()
            for future, task in running.items():
                done[task.stack] = future.result()
    return done
