"""Runs the Pulumi CLI in a process session that a terminal's Ctrl-C does not reach (worker side).

The SDK's own command ends at once: its pipes close under the CLI, which leaves a lock, a pending
create and a resource that is not in the state (https://github.com/pulumi/pulumi/issues/9103).
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from typing import IO

from pulumi.automation import CommandResult
from pulumi.automation.errors import create_command_error

from stackyard_cli.engine.worker.pulumi_internals import KnownCommand

OnOutput = Callable[[str], object]

SHIELD = ("/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh")
"""Starts a program with SIGINT ignored. Go programs then ignore it except while they listen for it,
so that an interrupt before or after the update's cancellation scope cannot kill the CLI with its
lock held (https://pkg.go.dev/os/signal, "Default behavior of signals")."""


class OwnSessionCommand(KnownCommand):
    """Runs the CLI in its own session, and interrupts it once, while it listens."""

    def __init__(self, path: str, version: str, on_start: Callable[[int], object]) -> None:
        super().__init__(path, version)
        self.interrupted = False
        self._on_start = on_start
        self._process: subprocess.Popen[bytes] | None = None
        self._listening = False
        self._claim = threading.Lock()

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run the CLI to its end; raises the SDK's CommandError if it fails.

        Output is written to unnamed files: if this process dies, the CLI continues. With a closed
        pipe it would die in the middle of an update.
        """
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        command = [*SHIELD, self.command, "--non-interactive", *args]
        with tempfile.TemporaryFile(dir=cwd) as out, tempfile.TemporaryFile(dir=cwd) as err:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            self._on_start(self._process.pid)
            code = self._process.wait()
            result = CommandResult(stdout=_read(out), stderr=_read(err), code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    def listening(self) -> None:
        """Record that the update has begun: from now on the CLI handles an interrupt."""
        self._listening = True
        if self.interrupted:
            self._send()

    def interrupt(self) -> None:
        """Request a graceful stop once: the CLI ends running steps, saves the state and unlocks.

        Safe in a signal handler. Before the update has begun, the request waits for `listening`.
        """
        self.interrupted = True
        if self._listening:
            self._send()

    def _send(self) -> None:
        # The lock is never released: a second SIGINT would make the CLI abandon running steps.
        if self._process is not None and self._claim.acquire(blocking=False):
            self._process.send_signal(signal.SIGINT)  # not after its end: pids are reused


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
