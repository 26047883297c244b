"""The template of workers: a process that loads the SDKs once and forks a worker for each stack.

`python -m stackyard_cli.engine.worker.template BLUEPRINT...` reads requests from the Unix socket
that is its stdin: one byte, with two descriptors, the stdin and the stdout of the new worker. It
answers with the worker's process ID. When the other end closes, it ends; its workers go on.

A fork copies only the thread that forks, and gRPC cannot be used by both sides
(https://github.com/grpc/grpc/blob/master/doc/fork_support.md). So the template has one thread and
never opens a channel; whatever a program registers happens in the worker, and ends with it.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from stackyard_cli.engine.worker.main import serve
from stackyard_cli.engine.worker.preload import FIRST, load

PID = struct.Struct("!i")
"""The answer to a request: the process ID of the worker."""


def main(blueprints: Sequence[str]) -> None:
    """Load what the blueprints need, then fork workers until the socket closes."""
    requests = socket.socket(fileno=os.dup(0))
    # A worker is reaped by the kernel: nobody asks for its exit code.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for blueprint in blueprints:
        _load(blueprint)
    gc.collect()
    gc.freeze()
    while True:
        data, descriptors, _, _ = socket.recv_fds(requests, 1, 2)
        if not data:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            requests.close()
            _become_worker(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.sendall(PID.pack(pid))


def _load(blueprint: str) -> None:
    """Load the program of a blueprint and its SDK modules; an error occurs again in the worker."""
    with suppress(Exception):
        import_module(f"stackyard.blueprints.{blueprint}.program")
    load(FIRST.get(blueprint, ()))


def _become_worker(stdin: int, stdout: int) -> None:
    os.setsid()
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.close(stdin)
    os.close(stdout)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    serve()


if __name__ == "__main__":
    main(sys.argv[1:])
