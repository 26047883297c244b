"""Runs an operation on stacks in dependency order, several stacks in parallel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from stackyard.naming import StackId
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Report, Task

CONCURRENT_STACKS = 2
"""Number of parallel stacks: a worker needs about 180 MB, and its program a whole core."""

REDRAW_SECONDS = 0.2
"""Seconds between two updates of the status line."""

Layers = Sequence[Sequence[Task]]
"""Tasks in dependency order: a stack's upstreams are in earlier layers."""

Reports = dict[StackId, Report]

Operate = Callable[[Task, Reports], Report]
"""Function that runs one operation on one stack, given the reports of all earlier layers."""


def run_in_dependency_order(
    layers: Layers, operate: Operate, *, stops: StopSignals, progress: Progress
) -> Reports:
    """Run the operation on every stack, layer by layer; return the reports of the started ones.

    A signal stops the start of further stacks; `StopSignals` ends the running ones.
    """
    reports: Reports = {}
    with ThreadPoolExecutor(CONCURRENT_STACKS) as pool:
        for layer in layers:
            # A copy: the threads read it while this one adds to `reports`.
            earlier = dict(reports)
            running: dict[Future[Report], Task] = {}
            for task in layer:
                if stops.received:
                    break
                running[pool.submit(operate, task, earlier)] = task
            unfinished = set(running)
            # Python runs signal handlers in the main thread only, between two bytecodes: a wait
            # without a timeout would delay Ctrl-C until the stack is finished.
            while unfinished:
                unfinished = wait(unfinished, timeout=REDRAW_SECONDS).not_done
                progress.redraw()
            for future, task in running.items():
                reports[task.stack] = future.result()
    return reports
