"""Forks workers from a process that has loaded the SDKs (parent side); Linux only.

Loading takes a third of a worker's time, and most of its memory: forked workers share both.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress

from stackyard_cli.engine.parent.job import UNKNOWN, Worker, started

TEMPLATE = (sys.executable, "-m", "stackyard_cli.engine.worker.template")

ANSWER_SECONDS = 60
"""Time in which the template must have loaded and forked; later, workers start by themselves."""


class ForkedProcess:
    """A process that the template has forked; pidfd_open(2) names it although it is no child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._descriptor: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._descriptor = None

    def poll(self) -> int | None:
        """Return None while it runs."""
        if self._descriptor is not None and select.select([self._descriptor], [], [], 0)[0]:
            self._close()
        return None if self._descriptor is not None else UNKNOWN

    def wait(self) -> int:
        """Wait for its end."""
        if self._descriptor is not None:
            select.select([self._descriptor], [], [])
            self._close()
        return UNKNOWN

    def send_signal(self, sig: int) -> None:
        """Send a signal; no effect after its end."""
        if self._descriptor is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, sig)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Template:
    """The template of the workers of one run; safe for several threads."""

    SUPPORTED = hasattr(os, "pidfd_open")

    def __init__(self, blueprints: Iterable[str]) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(ANSWER_SECONDS)
        with theirs:
            command = (*TEMPLATE, *sorted(blueprints))
            self._process = started(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        self._lock = threading.Lock()

    def fork(self) -> Worker | None:
        """Return a new worker; None if the template has ended or does not answer."""
        theirs_in, stdin = os.pipe()
        stdout, theirs_out = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._socket, [b"+"], [theirs_in, theirs_out])
                [pid] = struct.unpack("!i", self._socket.recv(4))
        except (OSError, struct.error):
            os.close(stdin)
            os.close(stdout)
            return None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        return Worker(
            ForkedProcess(pid),
            os.fdopen(stdin, "w", encoding="utf-8"),
            os.fdopen(stdout, encoding="utf-8"),
        )

    def end(self) -> None:
        """End the template; its workers go on."""
        self._socket.close()
        self._process.terminate()
        self._process.wait()
