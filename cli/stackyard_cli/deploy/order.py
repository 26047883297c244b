"""Runs an operation on many stacks: each starts as soon as the stacks that it waits for have ended.

Stages, accounts and projects that read no contract of each other do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain

from stackyard.naming import StackId
from stackyard_cli.deploy.options import Pace
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Report, Task

REDRAW_SECONDS = 0.2
"""Seconds between two updates of the status line."""

Layers = Sequence[Sequence[Task]]
"""Tasks in dependency order: a stack's upstreams are in earlier layers."""

Reports = dict[StackId, Report]

Operate = Callable[[Task, Reports], Report]
"""Function that runs one operation on one stack, given the reports of the ended stacks."""

WaitsFor = Callable[[Task], Collection[StackId]]
"""Function that returns the stacks whose end a stack waits for."""


def upstreams(task: Task) -> Collection[StackId]:
    """Return the stacks whose contracts a stack reads: previews and applies wait for them."""
    return task.upstreams.values()


def readers_of(layers: Layers) -> dict[StackId, list[StackId]]:
    """Return, for each stack, the selected stacks that read its contract."""
    tasks = [task for layer in layers for task in layer]
    return {
        task.stack: [one.stack for one in tasks if task.stack in one.upstreams.values()]
        for task in tasks
    }


def run_in_dependency_order(
    layers: Layers,
    operate: Operate,
    *,
    stops: StopSignals,
    progress: Progress,
    pace: Pace,
    waits_for: WaitsFor = upstreams,
) -> Reports:
    """Run the operation on every stack; return the reports of the started ones, in their order.

    A signal stops the start of further stacks; `StopSignals` ends the running ones.
    """
    tasks = list(chain.from_iterable(layers))
    progress.expect(len(tasks), pace.parallel)
    ended = _Run(tasks, operate, waits_for, pace).to_end(stops, progress)
    return {task.stack: ended[task.stack] for task in tasks if task.stack in ended}


class _Run:
    """The stacks of one run: waiting, running, ended."""

    def __init__(
        self, tasks: Sequence[Task], operate: Operate, waits_for: WaitsFor, pace: Pace
    ) -> None:
        selected = {task.stack for task in tasks}
        self._needs = {task.stack: selected & set(waits_for(task)) for task in tasks}
        self._waiting = list(tasks)
        self._running: dict[Future[Report], Task] = {}
        self._ended: Reports = {}
        self._operate, self._pace = operate, pace

    def to_end(self, stops: StopSignals, progress: Progress) -> Reports:
        """Start and await stacks until none can start any more."""
        with ThreadPoolExecutor(self._pace.parallel) as pool:
            while True:
                if not (stops.received or self._halted):
                    self._start(pool)
                if not self._running:
                    return self._ended
                # Python runs signal handlers in the main thread only, between two bytecodes: a
                # wait without a timeout would delay Ctrl-C until a stack is finished.
                done = wait(self._running, REDRAW_SECONDS, FIRST_COMPLETED).done
                for future in done:
                    task = self._running.pop(future)
                    self._ended[task.stack] = future.result()
                    progress.end(self._ended[task.stack])
                progress.redraw()

    @property
    def _halted(self) -> bool:
        failed = (r for r in self._ended.values() if r.known and not r.previewed)
        return self._pace.fail_fast and any(failed)

    def _start(self, pool: ThreadPoolExecutor) -> None:
        """Start the first waiting stacks that need not wait any more, while there is room."""
        for task in list(self._waiting):
            if len(self._running) >= self._pace.parallel:
                return
            if self._needs[task.stack] <= self._ended.keys():
                self._waiting.remove(task)
                # A copy: the threads read it while this one adds to it.
                self._running[pool.submit(self._operate, task, dict(self._ended))] = task
