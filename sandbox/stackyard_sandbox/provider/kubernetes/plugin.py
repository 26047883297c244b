"""The official Kubernetes provider as a process, one for each provider instance of a run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from stackyard_sandbox.processes import LOOPBACK, private_file, wait_until
from stackyard_sandbox.provider.server import LARGEST_MESSAGE, ProviderError
from stackyard_sandbox.toolchain import store
from stackyard_sandbox.toolchain.modules import KUBERNETES_PROVIDER

START_SECONDS = 60.0

ENDING_SECONDS = 5.0

LOOK = 1.0
"""Seconds between two looks whether the engine is still there."""


def program() -> Path | None:
    """Return the provider: of the toolchain, on the PATH, or the newest plugin that Pulumi has.

    Pulumi keeps plugins at `plugins/resource-NAME-vVERSION` of its home
    (https://www.pulumi.com/docs/iac/concepts/plugins/).
    """
    if not store.missing([KUBERNETES_PROVIDER]):
        return store.tool(KUBERNETES_PROVIDER)
    if found := shutil.which(KUBERNETES_PROVIDER):
        return Path(found)
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    installed = home.glob(f"plugins/resource-kubernetes-v*/{KUBERNETES_PROVIDER}")
    return max(installed, key=lambda each: _release(each.parent.name), default=None)


class Plugin:
    """A running provider; it ends with the engine at an address, or with this process."""

    def __init__(
        self, program: Path, folder: Path, environment: Mapping[str, str], engine: str
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The provider writes kubeconfigs with tokens to temporary files, and leaves them there.
        self._scratch = Path(tempfile.mkdtemp(dir=folder))
        # A process of this one's group: it ends whenever this one is ended.
        with private_file(self._said) as said, private_file(self._log) as log:
            self._process = subprocess.Popen(
                [program, *filter(None, [engine])],
                cwd=self._scratch,
                env={**os.environ, **environment, "TMPDIR": str(self._scratch)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
            )
        wait_until(lambda: self._port() is not None or not self.alive(), START_SECONDS)
        port = self._port()
        if port is None:
            text = self._log.read_text(errors="replace").strip()
            self.end()
            raise ProviderError(f"the official Kubernetes provider did not start: {text}")
        sizes = [
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
        ]
        self._channel = grpc.insecure_channel(f"{LOOPBACK}:{port}", options=sizes)
        self.calls = provider_pb2_grpc.ResourceProviderStub(self._channel)
        """Its methods, as the engine calls them."""
        if engine:
            threading.Thread(target=self._end_with, args=[engine], daemon=True).start()

    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End the process and delete what it wrote."""
        self._process.terminate()
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @property
    def _said(self) -> Path:
        return self._scratch / "port"

    @property
    def _log(self) -> Path:
        return self._scratch / "log"

    def _port(self) -> int | None:
        """Return the port, which is the first line that a plugin prints."""
        line, end, _ = self._said.read_text(errors="replace").partition("\n")
        return int(line) if end and line.isdigit() else None

    def _end_with(self, engine: str) -> None:
        while self.alive() and _listens(engine):
            time.sleep(LOOK)
        self._channel.close()
        self.end()


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=LOOK).close()
    except OSError:
        return False
    return True


def _release(folder: str) -> list[int]:
    return [int(part) for part in folder.rpartition("-v")[2].split(".") if part.isdigit()]
