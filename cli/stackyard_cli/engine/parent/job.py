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
from typing import IO, Protocol, cast

from stackyard_cli.engine.messages import EngineStarted, Event, Request, Result, load
from stackyard_cli.files import PRIVATE_UMASK

WORKER = (sys.executable, "-m", "stackyard_cli.engine.worker.main")

SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Removes the working directory from `sys.path` of the worker and of the policy packs: a file there
with the name of a module would otherwise be imported instead
(https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH)."""

OnEvent = Callable[[Event], None]


UNKNOWN = -1
"""Exit code of a process that another one started: only its parent could ask for it."""


class Process(Protocol):
    """A process as `subprocess.Popen` has it; this one or the template of workers started it."""

    @property
    def pid(self) -> int:
        """The process ID, also of its process group."""

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""

    def wait(self) -> int:
        """Wait for its end and return its exit code."""

    def send_signal(self, sig: int) -> None:
        """Send a signal; no effect after its end."""


def started(
    command: Sequence[str], stdin: int = subprocess.PIPE, stdout: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start a process of workers, in a session without the terminal."""
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=None if os.environ.get("STACKYARD_DEBUG") else subprocess.DEVNULL,
        env={**os.environ, **SAFE_PATH},
        start_new_session=True,
        umask=PRIVATE_UMASK,
        text=True,
        encoding="utf-8",
    )


class Worker:
    """A worker process, in a session without the terminal; it runs one job after another."""

    def __init__(self, process: Process, stdin: IO[str], stdout: IO[str]) -> None:
        self._on_event: OnEvent = lambda _: None
        self._ended: Callable[[], object] = lambda: None
        self.process, self._stdin, self._stdout = process, stdin, stdout
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def of(cls, command: Sequence[str]) -> Worker:
        """Start a worker by its command."""
        process = started(command)
        return cls(process, cast(IO[str], process.stdin), cast(IO[str], process.stdout))

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def take(self, request: Request, on_event: OnEvent, ended: Callable[[], object]) -> None:
        """Start a job; `ended` is called when its result has arrived or the process has ended."""
        self._on_event, self._ended = on_event, ended
        if not self._reader.is_alive():
            ended()
        with suppress(BrokenPipeError):  # The job reports the end of the worker.
            self._stdin.write(request.line())
            self._stdin.flush()

    def end(self) -> None:
        """Close its stdin, wait until it has ended, and close its stdout."""
        with suppress(BrokenPipeError):
            self._stdin.close()
        self.process.wait()
        self._reader.join()
        self._stdout.close()

    def _read(self) -> None:
        for line in self._stdout:
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
            code = self._worker.process.poll()
            detail = "" if code == UNKNOWN else f" (exit code {code})"
            return Result("failed", problem=f"the worker died{detail}", kind="worker")
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
