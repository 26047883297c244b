"""The engine access as a caller uses it, on the fake cloud; shared by the tests of this folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard.naming import StackId
from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pending import PendingCreate
from stackyard_cli.engine.messages import Event, Operation
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.inventory.census import TaggedResource
from stackyard_cli.recovery.recover import Recovery, recover
from tests.support.estates import ROOT

HERE = Path(__file__).parent
STACK = StackId("ranking", "clicks", "dev")
WORKER = (sys.executable, str(HERE / "fake_worker.py"))


def quiet(_task: Task, _event: Event) -> None:
    return None


class Tool(subprocess.Popen[str]):
    """The tool as a process."""

    engine: int
    """The process id of its engine."""


@dataclass
class Harness:
    """One backend location, one fake cloud in a folder, one stack by default."""

    location: Location
    cloud: Path
    provider: subprocess.Popen[str] | None
    engine: pulumi_binary.Engine = field(default_factory=pulumi_binary.find)
    stops: StopSignals = field(default_factory=lambda: StopSignals(lambda _: None))
    worker: tuple[str, ...] = WORKER

    def runner(self, watch: Any = quiet) -> Runner:
        workers = Workers(self.worker)
        return Runner(self.location, self.engine, self.stops, watch, workers)

    def run(self, operation: Operation, stack: StackId = STACK, **config: Any) -> Report:
        return self.runner().run(task(stack, **config), operation)

    def recover(self, stack: StackId = STACK) -> Recovery:
        return recover(self.location, self.engine, stack, FolderCensus(self.cloud))

    def tool(self, operation: str = "up", **config: Any) -> Tool:
        """Start the tool as a process; returns when the engine runs."""
        config.setdefault("things", 3)
        words = [str(self.location.home), json.dumps(self.location.environment), operation]
        worker = json.dumps(self.worker)
        started = Tool(
            [sys.executable, "-m", "tests.engine.drive", *words, json.dumps(config), worker],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert started.stdout
        first = started.stdout.readline()
        assert first.startswith("engine "), started.communicate()
        started.engine = int(first.split()[1])
        return started

    def creating(self) -> bool:
        """Whether the state says that a thing is being made right now."""
        if self.location.state(STACK).raw() is None:
            return False
        checkpoint = self.location.state(STACK).read()
        pending = checkpoint.pending if checkpoint else []
        return any(item.resource["type"] == "fake:index:Thing" for item in pending)

    def things(self) -> list[str]:
        """The labels of everything in the cloud, sorted; a duplicate shows twice."""
        return sorted(json.loads(f.read_text())["label"] for f in self.cloud.glob("*.json"))

    def ids(self) -> set[str]:
        return {file.stem for file in self.cloud.glob("*.json")}

    def held(self, stack: StackId = STACK) -> set[str]:
        """The ids of the things that the state holds."""
        checkpoint = self.location.state(stack).read()
        assert checkpoint is not None
        return {r["id"] for r in checkpoint.resources if r["type"] == "fake:index:Thing"}


@dataclass
class FolderCensus:
    cloud: Path

    def tagged(self) -> list[TaggedResource]:
        found = []
        for file in self.cloud.glob("*.json"):
            label = json.loads(file.read_text())["label"]
            found.append(TaggedResource(file.stem, f"fake:index:Thing::{label}"))
        return found

    def identify(self, creates: Sequence[PendingCreate], held: AbstractSet[str]) -> dict[str, str]:
        by_label = {one.label: one.arn for one in self.tagged() if one.arn not in held}
        found = {item.urn: item.id or by_label.get(item.label) for item in creates}
        return {urn: identity for urn, identity in found.items() if identity}


def task(stack: StackId = STACK, upstreams: Any = None, **config: Any) -> Task:
    config.setdefault("things", 3)
    return Task(stack, "project", config, str(sorted(config.items())), upstreams or {})


def open_harness(folder: Path, backend_url: str | None = None, **extra: str) -> Harness:
    cloud = folder / "cloud"
    cloud.mkdir(parents=True)
    provider, port = _provider(cloud)
    backend = folder / "backend"
    backend.mkdir()
    passphrase = folder / "passphrase"
    passphrase.write_text("correct horse battery")
    url = backend_url or f"file://{backend}"
    secrets_provider = extra.pop("secrets_provider", "passphrase")
    environment = {
        "PULUMI_BACKEND_URL": url,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DEBUG_PROVIDERS": f"fake:{port}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder / "pulumi"),
        **extra,
    }
    home = folder / "home"
    home.mkdir()
    return Harness(Location(home, url, secrets_provider, environment), cloud, provider)


def kill_everything(tool: Tool) -> None:
    """Kill the tool, its workers and their engine, as a power cut would; the cloud lives on.

    A killed process goes on for a moment on a busy machine: returns when none runs any more.
    """
    children = Path(f"/proc/{tool.pid}/task/{tool.pid}/children").read_text()
    pids = [*map(int, children.split()), tool.pid, tool.engine]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    tool.communicate(timeout=10)
    until(lambda: not any(map(_runs, pids)))


def _runs(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def restart_provider(harness: Harness) -> None:
    """Start the provider anew on the same cloud."""
    harness.provider, port = _provider(harness.cloud)
    harness.location.environment["PULUMI_DEBUG_PROVIDERS"] = f"fake:{port}"


def _provider(cloud: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, str(HERE / "fake_cloud.py"), str(cloud)]
    provider = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert provider.stdout
    return provider, provider.stdout.readline().strip()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something to become true; a busy machine is no failure."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
