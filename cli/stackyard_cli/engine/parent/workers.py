"""Stores idle workers: those of previews for their applies, and some that preload (parent side).

Loading the SDKs takes a third of a worker's time. The apply of a stack therefore runs in the
process of its preview. In a run over several stacks a template loads once, and forks the workers;
else, while one stack is applied, a worker loads the modules of the next. Programs of two stacks
never run in one process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from stackyard.naming import StackId
from stackyard_cli.engine.parent.job import WORKER, Worker
from stackyard_cli.engine.parent.template import Template


class Workers:
    """The idle workers of one run; safe for several threads."""

    def __init__(self, command: Sequence[str] = WORKER, *, keep: int = 0) -> None:
        self._command, self._keep = tuple(command), keep
        self._kept: dict[StackId, Worker] = {}
        self._prepared: dict[str, Worker] = {}
        self._template: Template | None = None
        self._lock = threading.Lock()

    def preload(self, blueprints: Iterable[str]) -> None:
        """Load what the programs of these blueprints need, once for all workers of the run."""
        with self._lock:
            if self._template is None and Template.SUPPORTED and self._command == WORKER:
                self._template = Template(set(blueprints))

    def prepare(self, blueprints: Iterable[str]) -> None:
        """Start a worker for each blueprint of the next stacks."""
        with self._lock:
            if self._template is not None:
                return
            for blueprint in {*blueprints} - self._prepared.keys():
                self._prepared[blueprint] = self._started(blueprint)

    def take(self, stack: StackId, blueprint: str) -> Worker:
        """Return the worker of the stack's preview, else a prepared one, else a new one."""
        with self._lock:
            for worker in (self._kept.pop(stack, None), self._prepared.pop(blueprint, None)):
                if worker is not None and worker.alive:
                    return worker
            template = self._template
        forked = template.fork() if template is not None else None
        return forked or self._started(blueprint)

    def put_back(self, stack: StackId, worker: Worker, *, again: bool) -> None:
        """Store a worker for the next job of its stack, or end it."""
        with self._lock:
            keeps = again and len(self._kept) < self._keep and stack not in self._kept
            if keeps:
                self._kept[stack] = worker
        if not keeps:
            worker.end()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        """End all idle workers."""
        with self._lock:
            idle = [*self._kept.values(), *self._prepared.values()]
            self._kept, self._prepared = {}, {}
        for worker in idle:
            worker.end()
        if self._template is not None:
            self._template.end()

    def _started(self, blueprint: str) -> Worker:
        return Worker.of((*self._command, blueprint))
