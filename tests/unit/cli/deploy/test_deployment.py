"""Reading an estate starts nothing; a preview starts the clusters that its stack needs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.messages import Operation
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.report import Report, Task
from stackyard_sandbox import daemon

SERVICES = StackId.parse("platform/services/dev")
ONPREM = """\
onprem:
  clusters:
    cellar:
      kubeconfig: ~/.kube/cellar
      issuer: https://oidc.example
      gpu_pools: {training: {gpus_per_node: 4, nodes: 1}}
"""


@pytest.fixture
def provided(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every call that asked the sandbox for clusters."""
    calls: list[Any] = []
    monkeypatch.setattr(daemon, "provide", calls.append)
    return calls


@pytest.fixture
def deployment(root: Path, tmp_path: Path) -> Deployment:
    (root / "stacks/platform/services/dev.yaml").write_text(ONPREM)
    home = tmp_path / "home"
    home.mkdir()
    location = Location(home, f"file://{home}", "passphrase", {})
    return Deployment(Estate(root), location, Engine(Path("/no/engine"), "3.0.0"))


@pytest.fixture
def operate(deployment: Deployment) -> Callable[[Operation], str | None]:
    """Runs an operation on the services stack, in a worker that ends at once."""
    progress = Progress(quiet=True)
    workers = Workers((sys.executable, "-c", "pass"))
    runner = Runner(
        deployment.location,
        deployment.engine,
        StopSignals(print),
        lambda task, event: progress.watch(str(task.stack), event),
        workers,
    )

    def run(operation: Operation) -> str | None:
        return runner.run(deployment.task(SERVICES), operation).result.kind

    return run


def test_reading_every_stack_starts_nothing(deployment: Deployment, provided: list[Any]) -> None:
    layers = deployment.layers(deployment.estate.stacks())
    [services] = [task for layer in layers for task in layer if task.stack == SERVICES]
    assert services.prerequisite is not None
    for thread in threading.enumerate():
        if thread.name == "on-premises":
            thread.join()
    assert provided == []


def test_a_preview_starts_the_clusters_of_its_stack(
    operate: Callable[[Operation], str | None], provided: list[Any]
) -> None:
    assert operate("preview") == "worker", "the operation began, and its worker ended"
    [[cluster]] = provided
    assert cluster.name == "cellar"


def test_a_destroy_starts_none(
    operate: Callable[[Operation], str | None],
    provided: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began: list[Operation] = []

    def begin(_self: Runner, task: Task, operation: Operation) -> Report:
        began.append(operation)
        return Report(task, operation)

    monkeypatch.setattr(Runner, "_run", begin)
    operate("destroy")
    assert (began, provided) == (["destroy"], [])


def test_a_stack_is_loaded_once(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, provided: list[Any]
) -> None:
    loaded: list[StackId] = []
    load = deployment.estate.load

    def note(_estate: Estate, stack: StackId) -> Any:
        loaded.append(stack)
        return load(stack)

    monkeypatch.setattr(Estate, "load", note)
    deployment.task(SERVICES)
    deployment.task(SERVICES)
    assert loaded == [SERVICES]


def test_files_of_workers_and_engine_are_private_whatever_the_umask_of_the_shell(
    deployment: Deployment, tmp_path: Path
) -> None:
    written = tmp_path / "written"
    worker = Workers((sys.executable, "-c", f"open({str(written)!r}, 'w')")).take(SERVICES, "x")
    worker.end()
    assert written.stat().st_mode & 0o077 == 0
    deployment.location.store.put("a/b/state.json", b"{}")
    root = deployment.location.home
    for part in ("a", "a/b", "a/b/state.json"):
        assert (root / part).stat().st_mode & 0o077 == 0, part
