"""The worker process: reads requests from stdin, runs each one, writes its events to stdout.

`python -m stackyard_cli.engine.worker.main BLUEPRINT` reads and writes JSON lines. The parent keeps
stdin open while it needs the worker. When stdin closes, the worker stops the engine gracefully, so
that a killed command leaves no incomplete update.
"""

from __future__ import annotations

import gc
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO, cast

from stackyard_cli.engine.messages import Event, Request, Result, dump
from stackyard_cli.engine.worker.operate import Operation, Program, ProgramOf
from stackyard_cli.engine.worker.preload import Preload
from stackyard_cli.files import PRIVATE_UMASK
from stackyard_cli.masking import Mask, MaskedStream


def blueprint(request: Request) -> Program:
    """Return the program of the request's blueprint."""
    from stackyard.blueprints.catalogue import program
    from stackyard.naming import StackId

    upstreams = {name: StackId.parse(path) for name, path in request.upstreams.items()}
    return program(request.blueprint, StackId.parse(request.stack), request.config, upstreams)


COLLECT_AFTER = 100_000
"""Number of new objects between two garbage collections; Python's default is 700. A program creates
hundreds of thousands and drops few, so the default took a tenth of its time."""


class EventStream:
    """The worker's stdout, for events only; prints of a program are sent to stderr instead."""

    def __init__(self) -> None:
        self.mask = Mask.of()
        self._file: IO[str] = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def __call__(self, event: Event) -> None:
        """Write an event as one line, without the secrets of this process."""
        line = self.mask(dump(event))
        with self._lock:
            try:
                self._file.write(line)
                self._file.flush()
            except BrokenPipeError:
                pass  # The parent has ended; the update must still end properly.


class Inbox:
    """The requests from stdin; its end means that the parent has ended."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._running: Operation | None = None
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Request | None:
        """Wait for the next request; None after the last one."""
        line = self._lines.get()
        return Request.parse(line) if line else None

    @contextmanager
    def running(self, operation: Operation) -> Iterator[None]:
        """Register the operation that is stopped when stdin closes."""
        self._running = operation
        if self._closed:
            operation.interrupt()
        yield
        self._running = None

    def interrupt(self) -> None:
        """Stop the running operation gracefully; end the process if none runs."""
        if self._running is None:
            os._exit(0)
        self._running.interrupt()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        self._closed = True
        self._lines.put(None)
        if running := self._running:
            running.interrupt()


def serve(program_of: ProgramOf = blueprint, preload: Preload | None = None) -> None:
    """Run one request after the other; end the process after the last one."""
    os.umask(PRIVATE_UMASK)
    gc.set_threshold(COLLECT_AFTER)
    inbox, events, errors = Inbox(), EventStream(), sys.stderr
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: inbox.interrupt())
    while request := inbox.next():
        os.environ.update(request.environment)
        events.mask = Mask.of()
        # With STACKYARD_DEBUG people see what programs print and raise: without secrets, too.
        sys.stdout = sys.stderr = cast(TextIO, MaskedStream(errors, events.mask))
        operation = Operation(request, program_of, events, preload)
        with inbox.running(operation):  # until the result is written: an interrupt must not lose it
            events(_result_of(operation))
    sys.stderr.flush()
    # Threads of an interrupted program may still wait for an engine that has ended.
    os._exit(0)


def _result_of(operation: Operation) -> Result:
    try:
        return operation.run()
    except Exception as error:
        if os.environ.get("STACKYARD_DEBUG"):
            traceback.print_exc()
        return Result("failed", problem=f"{type(error).__name__}: {error}", kind="worker")


if __name__ == "__main__":
    serve(preload=Preload.of(sys.argv[1]) if sys.argv[1:] else None)
