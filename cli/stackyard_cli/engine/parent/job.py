"""Starts worker processes and runs operations in them (parent side)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from stackyard_cli.engine.messages import EngineStarted, Event, Request, Result, load
from stackyard_cli.files import PRIVATE_UMASK

WORKER = (sys.executable, "-m", "stackyard_cli.engine.worker.main")

SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Removes the working directory from `sys.path` of the worker and of the policy packs: a file there
with the name of a module would otherwise be imported instead
(https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH)."""

OnEvent = Callable[[Event], None]


class Worker:
    """A worker process, in a session without the terminal; it runs one job after another."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._on_event: OnEvent = lambda _: None
        self._ended: Callable[[], object] = lambda: None
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("STACKYARD_DEBUG") else subprocess.DEVNULL,
            env={**os.environ, **SAFE_PATH},
            start_new_session=True,
            umask=PRIVATE_UMASK,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def take(self, request: Request, on_event: OnEvent, ended: Callable[[], object]) -> None:
        """Start a job; `ended` is called when its result has arrived or the process has ended."""
        self._on_event, self._ended = on_event, ended
        if not self._reader.is_alive():
            ended()
        if self.process.stdin:
            with suppress(BrokenPipeError):  # The job reports the end of the worker.
                self.process.stdin.write(request.line())
                self.process.stdin.flush()

    def end(self) -> None:
        """Close its stdin, wait until it has ended, and close its stdout."""
        if self.process.stdin:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        self.process.wait()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            event = load(line)
            self._on_event(event)
            if isinstance(event, Result):
                self._ended()
        self._ended()


class Job:
    """One running operation."""

    def __init__(
        self,
        request: Request,
        environment: Mapping[str, str],
        on_event: OnEvent,
        worker: Worker,
    ) -> None:
        self._on_event, self._worker = on_event, worker
        self._result: Result | None = None
        self._engine: int | None = None
        self._killed = self._interrupted = False
        self._over = threading.Event()
        worker.take(replace(request, environment={**environment}), self._receive, self._over.set)

    def wait(self) -> Result:
        """Wait for the end and return the result."""
        self._over.wait()
        if self._result is None:
            self._worker.end()
        if self._killed:
            return Result("interrupted", problem="stopped at once", kind="killed")
        if self._result is None and self._interrupted and self._engine is None:
            # The signal arrived before the worker could handle it: no operation had begun.
            return Result("interrupted")
        if self._result is None:
            code = self._worker.process.returncode
            return Result("failed", problem=f"the worker died (exit code {code})", kind="worker")
        return self._result

    def interrupt(self) -> None:
        """Request a graceful stop; without SIGINT, which is ignored below `nohup` and `&`."""
        self._interrupted = True
        self._worker.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill worker and engine; the result of running steps is then unknown."""
        self._killed = True
        for leader in (self._engine, self._worker.process.pid):
            if leader is not None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(leader, signal.SIGKILL)

    def _receive(self, event: Event) -> None:
        if isinstance(event, Result):
            self._result = event
        elif isinstance(event, EngineStarted):
            self._engine = event.pid
        self._on_event(event)
