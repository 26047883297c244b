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
"""How long the cloud process may take to write down what the account holds."""


class _Part:
    """One process, with its folder."""

    name: str

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / self.name
        self.process = Process(self.name, self.folder)

    def await_ready(self) -> None:
        """Wait until it answers; raises SandboxError with its last output if it ends instead."""
        wait_until(lambda: self.ready() or not self.process.alive(), READY_SECONDS)
        if not self.ready():
            output = self.process.last_lines()
            raise SandboxError(
                f"the {self.name} process did not start:\n{output}",
                hint=f"its log is {self.process.log}; `stackyard sandbox reset` starts afresh",
            )

    def ready(self) -> bool:
        """Whether it answers."""
        raise NotImplementedError


class Cloud(_Part):
    """The AWS emulator."""

    name = "cloud"

    @property
    def port(self) -> int | None:
        """Where it listens, or did when it last ran; it is kept if it can be."""
        record = self.folder / "port"
        return int(record.read_text()) if record.exists() else None

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def saved(self) -> bool:
        """Whether the last run has left what the account held."""
        return self._saved.exists()

    @property
    def _saved(self) -> Path:
        return self.folder / "account.pickle"

    def forget_saved(self) -> None:
        """Delete that: from now on the running process is ahead of it."""
        self._saved.unlink(missing_ok=True)

    def take_port(self) -> int:
        """Choose where to listen before it starts: the API servers have to know."""
        if self.process.alive() and self.port:
            return self.port
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        port = free_ports(1, [self.port] if self.port else [])[0]
        write_private(self.folder / "port", str(port))
        return port

    def start(self) -> None:
        """Start it and wait until it answers, unless it runs."""
        if not self.process.alive():
            options = ["--sandbox", str(self.home), "--port", str(self.port)]
            self.process.start([sys.executable, "-m", "stackyard_sandbox.cloud", *options])
        self.await_ready()

    def ready(self) -> bool:
        """Whether it answers."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/_sandbox/health")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def administrator(self) -> Aws:
        """The access of the account's administrator."""
        return Aws(endpoint=self.endpoint, **_object(self.folder / "administrator.json"))


class Providers(_Part):
    """The resource providers that the engine attaches to."""

    name = "providers"

    @property
    def ports(self) -> dict[str, int]:
        """Where each listens, by package; empty until they do."""
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
        """Whether they listen."""
        return bool(self.ports)


def _object(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text())
    if not isinstance(value, dict):
        raise TypeError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value
