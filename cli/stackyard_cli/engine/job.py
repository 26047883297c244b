"""A worker process as the command line sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from stackyard_cli.engine.messages import EngineStarted, Event, Request, Result, load

WORKER = (sys.executable, "-m", "stackyard_cli.worker")

SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Keeps the working directory out of `sys.path` of the worker, the engine's packs included: a file
there that is called like a module would otherwise be imported in its place
(https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH)."""

OnEvent = Callable[[Event], None]


class Job:
    """One running operation; it lives in a session of its own, out of reach of the terminal."""

    def __init__(
        self,
        request: Request,
        environment: Mapping[str, str],
        on_event: OnEvent,
        worker: tuple[str, ...] = WORKER,
    ) -> None:
        self._on_event = on_event
        self._result: Result | None = None
        self._engine: int | None = None
        self._killed = self._interrupted = False
        self._process = subprocess.Popen(
            worker,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("STACKYARD_DEBUG") else subprocess.DEVNULL,
            env={**os.environ, **environment, **SAFE_PATH},
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if self._process.stdin:
            with suppress(BrokenPipeError):  # a worker that is dead already is told by wait()
                self._process.stdin.write(request.line())
                self._process.stdin.flush()

    def wait(self) -> Result:
        """Wait for the end and say how it was."""
        self._process.wait()
        self._reader.join()
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        if self._killed:
            return Result("interrupted", problem="stopped at once", kind="killed")
        if self._result is None and self._interrupted and self._engine is None:
            # The signal came before the worker could handle it: nothing had begun.
            return Result("interrupted")
        if self._result is None:
            code = self._process.returncode
            return Result("failed", problem=f"the worker died (exit code {code})", kind="worker")
        return self._result

    def interrupt(self) -> None:
        """Ask for a graceful stop."""
        self._interrupted = True
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Stop worker and engine at once; what was running is then not known."""
        self._killed = True
        for leader in (self._engine, self._process.pid):
            if leader is not None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(leader, signal.SIGKILL)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            event = load(line)
            if isinstance(event, Result):
                self._result = event
            elif isinstance(event, EngineStarted):
                self._engine = event.pid
            self._on_event(event)
