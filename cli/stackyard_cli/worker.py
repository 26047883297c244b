"""A worker process: serves one stack's program to the engine and tells what happens.

`python -m stackyard_cli.worker` reads one request as a JSON line from stdin and writes events as
JSON lines to stdout. Its stdin stays open for as long as the command line lives: when it closes,
the worker stops the engine gracefully, so that a killed command leaves no half-done update behind.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import IO

from stackyard_cli.engine.messages import Event, Request, Result, dump
from stackyard_cli.engine.operate import Operation, Program, ProgramOf


def blueprint(request: Request) -> Program:
    """Return the program of the request's blueprint."""
    from stackyard.blueprints.catalogue import program
    from stackyard.naming import StackId

    upstreams = {name: StackId.parse(path) for name, path in request.upstreams.items()}
    return program(request.blueprint, StackId.parse(request.stack), request.config, upstreams)


class Voice:
    """The worker's own stdout; what a program prints goes to stderr instead."""

    def __init__(self) -> None:
        self._file: IO[str] = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def __call__(self, event: Event) -> None:
        """Tell an event as one line."""
        with self._lock:
            try:
                self._file.write(dump(event))
                self._file.flush()
            except BrokenPipeError:
                pass  # the command line is gone; the update still has to end well


def serve(program_of: ProgramOf = blueprint) -> None:
    """Read the request, run it, end the process."""
    os.umask(0o077)
    request = Request.parse(sys.stdin.readline())
    voice = Voice()
    operation = Operation(request, program_of, voice)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: operation.interrupt())
    threading.Thread(target=_lifeline, args=(operation,), daemon=True).start()
    try:
        voice(operation.run())
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        voice(Result("failed", problem=text, kind="worker"))
        if os.environ.get("STACKYARD_DEBUG"):
            raise
    sys.stderr.flush()
    # Threads of an interrupted program may still wait for an engine that is gone.
    os._exit(0)


def _lifeline(operation: Operation) -> None:
    while sys.stdin.read(4096):
        pass
    operation.interrupt()


if __name__ == "__main__":
    serve()
