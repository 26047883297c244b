"""Reading an estate starts nothing; a preview starts the clusters that its stack needs."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.backend.records import new_record
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.destroy import Destruction
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.messages import Operation
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import StackyardError
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


SHARED = f"""\
onprem:
  clusters:
    cellar:
      registered_by: dev
{ONPREM.partition("cellar:")[2].lstrip(chr(10))}"""
STAGING = StackId.parse("platform/services/staging")


@pytest.fixture
def shared(deployment: Deployment) -> Callable[[str], Deployment]:
    """Applies `services` of dev and staging with a cluster that dev registers, then edits."""
    stacks = deployment.estate.root / "stacks"

    def opened(text: str) -> Deployment:
        (stacks / "platform/services/staging.yaml").write_text(text)
        return Deployment(Estate(deployment.estate.root), deployment.location, deployment.engine)

    before = opened(SHARED)
    for stack in (SERVICES, STAGING):
        config = before.task(stack).config
        record = replace(new_record(stack, "services"), config=config).now("applied")
        before.location.records(stack).write(record)
        state(before.location, stack)
    return opened


def state(location: Location, stack: StackId) -> None:
    """Write the state of a stack that has one resource."""
    made = {"urn": "urn:1", "type": "aws:sns/topic:Topic", "custom": True}
    text = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [made]}}})
    location.store.put(f".pulumi/stacks/{stack.pulumi_project}/{stack.stage}.json", text.encode())


@pytest.mark.parametrize("now", [SHARED, "{}"], ids=["in its file", "at its last apply"])
def test_the_stage_that_registers_a_cluster_is_not_destroyed_before_others(
    shared: Callable[[str], Deployment], now: str
) -> None:
    opened = shared(now)
    assert opened.downstreams([SERVICES]) == [STAGING]
    assert opened.downstreams([STAGING]) == []
    with pytest.raises(StackyardError, match=f"{STAGING} still exist and depend on") as caught:
        Destruction.of(opened, [str(SERVICES)])
    assert caught.value.hint is not None
    assert f"`stackyard destroy {STAGING}` first" in caught.value.hint
    order = [
        task.stack for task in Destruction.of(shared(SHARED), [str(SERVICES), str(STAGING)]).tasks
    ]
    assert order == [STAGING, SERVICES]


def test_another_stage_cannot_take_a_cluster_over(shared: Callable[[str], Deployment]) -> None:
    opened = shared(SHARED.replace("registered_by: dev", "registered_by: staging"))
    with pytest.raises(StackyardError) as caught:
        opened.check_immutables(opened.layers([STAGING]))
    assert caught.value.message == (
        "stacks/platform/services/staging.yaml:4:22: `onprem.clusters.cellar.registered_by` cannot "
        f"change after the first apply of {STAGING} (recorded 'dev', got 'staging')"
    )
    for same in (SHARED, "{}"):
        opened = shared(same)
        opened.check_immutables(opened.layers([SERVICES, STAGING]))
