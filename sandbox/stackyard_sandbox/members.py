"""Starts and finds the sandbox's processes that are not part of a control plane."""

import http.client
import json
import sys
from pathlib import Path
from typing import Any

from stackyard_sandbox.processes import LOOPBACK, Process, free_ports, wait_until, write_private
from stackyard_sandbox.state import Aws, SandboxError

READY_SECONDS = 60.0

SAVING_SECONDS = 180.0
"""Time limit in seconds for the cloud process to save the account."""


class _Part:
    """One process, with its folder."""

    name: str

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / self.name
        self.process = Process(self.name, self.folder)

    def await_ready(self) -> None:
        """Wait until it is ready; raises SandboxError with its last output if it ends before."""
        wait_until(lambda: self.ready() or not self.process.alive(), READY_SECONDS)
        if not self.ready():
            output = self.process.last_lines()
            raise SandboxError(
                f"the {self.name} process did not start:\n{output}",
                hint=f"its log is {self.process.log}; `stackyard sandbox reset` starts afresh",
            )

    def ready(self) -> bool:
        """Return whether it is ready."""
        raise NotImplementedError


class Cloud(_Part):
    """The AWS emulator."""

    name = "cloud"

    @property
    def port(self) -> int | None:
        """Port on which it listens, or on which it last listened; the next start prefers it."""
        record = self.folder / "port"
        return int(record.read_text()) if record.exists() else None

    @property
    def endpoint(self) -> str:
        """Address of the AWS API."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def saved(self) -> bool:
        """Whether the last run has saved the account."""
        return self._saved.exists()

    @property
    def _saved(self) -> Path:
        return self.folder / "account.pickle"

    def forget_saved(self) -> None:
        """Delete the saved account: the running process changes the account from now on."""
        self._saved.unlink(missing_ok=True)

    def take_port(self) -> int:
        """Choose the port before the start, because the API servers need it."""
        if self.process.alive() and self.port:
            return self.port
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        port = free_ports(1, [self.port] if self.port else [])[0]
        write_private(self.folder / "port", str(port))
        return port

    def start(self) -> None:
        """Start it and wait until it is ready, unless it runs."""
        if not self.process.alive():
            options = ["--sandbox", str(self.home), "--port", str(self.port)]
            self.process.start([sys.executable, "-m", "stackyard_sandbox.cloud", *options])
        self.await_ready()

    def ready(self) -> bool:
        """Return whether it is ready."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/_sandbox/health")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def administrator(self) -> Aws:
        """Address and credentials of the account's administrator."""
        return Aws(endpoint=self.endpoint, **_object(self.folder / "administrator.json"))


class Providers(_Part):
    """The resource providers to which the engine attaches."""

    name = "providers"

    @property
    def ports(self) -> dict[str, int]:
        """Port of each provider, by package; empty until they listen."""
        record = self.folder / "ports.json"
        return _object(record) if record.exists() else {}

    def start(self) -> None:
        """Start them and wait until they listen, unless they run."""
        if not self.process.alive():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            record = self.folder / "ports.json"
            record.unlink(missing_ok=True)
            options = ["--sandbox", str(self.home), "--ports-file", str(record)]
            self.process.start([sys.executable, "-m", "stackyard_sandbox.provider", *options])
        self.await_ready()

    def ready(self) -> bool:
        """Return whether they listen."""
        return bool(self.ports)


def _object(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text())
    if not isinstance(value, dict):
        raise TypeError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value
