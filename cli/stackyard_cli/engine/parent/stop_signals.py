"""Handles Ctrl-C and SIGTERM: the first stops all jobs gracefully, the second kills them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from stackyard_cli.engine.parent.job import Job

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Forwards stop signals to every running job; a context manager.

    `report` prints one line about the effect of the signal.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self.count = 0
        self._report = report
        self._jobs: set[Job] = set()
        self._before: dict[signal.Signals, Any] = {}
        # Reentrant: the handler runs in the main thread, wherever that thread is.
        self._lock = threading.RLock()

    @property
    def received(self) -> bool:
        """Whether a stop signal has arrived, so that no further job may start."""
        return self.count > 0

    def add(self, job: Job) -> None:
        """Register a running job; one that starts after the signal is interrupted at once."""
        with self._lock:
            self._jobs.add(job)
            if self.received:
                job.interrupt()

    def remove(self, job: Job) -> None:
        """Remove a job that has ended."""
        with self._lock:
            self._jobs.discard(job)

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for name in SIGNALS:
                self._before[name] = signal.signal(name, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        jobs = tuple(self._jobs)
        if self.count == 1:
            self._report("stopping: what runs is finished and saved; again to stop at once")
            for job in jobs:
                job.interrupt()
        else:
            self._report("stopping at once: the result of what was running is not known")
            for job in jobs:
                job.kill()
