"""Ctrl-C and kill -9 at random moments of the `up` of a project, seen by independent clients.

`make chaos` does it 20 times each to a project of the reference estate; otherwise a smaller one of
some 30 resources is stopped and killed twice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.clients import Clients, KubernetesClients
from tests.support.workspace import Workspace

REFERENCE = "ranking/recommender/dev"
SMALL = "trial/stops/dev"
TEXT = """\
datasets: {kept: {kind: curated}}
access:
  audiences:
    scientist: {trusted: ["arn:aws:iam::123456789012:root"], datasets: {"*": read}}
secrets: {entries: {salt: {readers: [scientist], description: Salt of pseudonyms.}}}
namespace: {quota: {cpu: 4, memory: 16Gi, pods: 10}}
"""
STOPS = int(os.environ.get("STACKYARD_STOPS", "2"))
KILLS = int(os.environ.get("STACKYARD_KILLS", "2"))
STACK = SMALL if max(STOPS, KILLS) <= 2 else REFERENCE
SLUG = STACK.replace("/", "-")

LONGEST = 6.0 if STACK == REFERENCE else 4.0
"""Seconds after its start at which an `up` is hit at the latest; it may have ended by then."""


class Census:
    """Counts what belongs to the project, by clients that know nothing of the state."""

    def __init__(self, aws: Clients, kube: KubernetesClients, cluster: str) -> None:
        self._aws, self._kube, self._cluster = aws, kube, cluster

    def __call__(self) -> dict[str, list[str]]:
        from kubernetes import client

        eks, cluster = self._aws("eks"), self._cluster
        pods = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
        secrets = self._aws("secretsmanager").list_secrets()["SecretList"]
        found = {
            "buckets": [b["Name"] for b in self._aws("s3").list_buckets()["Buckets"]],
            "roles": [r["RoleName"] for r in _pages(self._aws("iam"), "list_roles", "Roles")],
            "secrets": [secret["Name"] for secret in secrets],
            "entries": eks.list_access_entries(clusterName=cluster)["accessEntries"],
            "associations": [f"{pod['namespace']}/{pod['serviceAccount']}" for pod in pods],
        }
        api = self._kube(self._cluster)
        core, rbac = client.CoreV1Api(api), client.RbacAuthorizationV1Api(api)
        found["namespaces"] = [n.metadata.name for n in core.list_namespace().items]
        for kind, items in {
            "accounts": core.list_namespaced_service_account(SLUG).items,
            "quotas": core.list_namespaced_resource_quota(SLUG).items,
            "bindings": rbac.list_namespaced_role_binding(SLUG).items,
        }.items():
            found[kind] = [f"{SLUG}/{item.metadata.name}" for item in items]
        wanted = (SLUG, STACK.rpartition("/")[0])
        return {
            kind: sorted(name for name in names if any(part in name for part in wanted))
            for kind, names in found.items()
        }


def _pages(client: Any, operation: str, key: str) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate() for item in page[key]]


@pytest.fixture(scope="module")
def project(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The applied estate with the project that is disturbed."""
    if STACK == REFERENCE:
        yield applied
        return
    with_project = applied.with_stack(STACK, TEXT, tmp_path_factory.mktemp("stops"))
    yield with_project
    with_project.run("destroy", STACK, "--yes")


@pytest.fixture(scope="module")
def census(project: Workspace, aws: Clients, kube: KubernetesClients) -> Census:
    cluster = project.contract("platform/foundation/dev")["cluster_name"]
    return Census(aws, kube, cluster)


@pytest.fixture(scope="module")
def whole(census: Census) -> dict[str, list[str]]:
    """What the project is when nothing disturbs its apply."""
    counted = census()
    assert all(counted.values()), counted
    return counted


def started(project: Workspace) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "stackyard_cli", "up", STACK, "--yes"]
    return subprocess.Popen(
        command,
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def family(pid: int) -> list[int]:
    """A process and all below it; engines are in sessions of their own, but still children."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(below for child in children for below in family(int(child)))]
    return []


def as_if_never_disturbed(project: Workspace, census: Census, whole: dict[str, list[str]]) -> None:
    project.run("up", STACK, "--yes")
    assert census() == whole
    project.run("preview", STACK, "--expect-no-changes")


@pytest.mark.parametrize("trial", range(STOPS))
def test_a_graceful_stop(
    project: Workspace, census: Census, whole: dict[str, list[str]], trial: int, rng: Random
) -> None:
    project.run("destroy", STACK, "--yes")
    tool = started(project)
    time.sleep(rng.uniform(1.0, LONGEST))
    os.killpg(tool.pid, signal.SIGINT)
    _, narration = tool.communicate(timeout=120)
    # Python ends itself by the signal if it came while it ran text as code (dataclasses do so as
    # they are imported), although the exception was handled; shells report 130 for both.
    assert tool.returncode in {0, 130, -signal.SIGINT}, narration
    status = project.answer("status", STACK)[0]
    assert status["lock"] is None
    assert status["state"] != "to recover"
    as_if_never_disturbed(project, census, whole)


@pytest.mark.parametrize("trial", range(KILLS))
def test_a_kill_of_everything(
    project: Workspace, census: Census, whole: dict[str, list[str]], trial: int, rng: Random
) -> None:
    project.run("destroy", STACK, "--yes")
    tool = started(project)
    time.sleep(rng.uniform(1.0, LONGEST))
    for pid in family(tool.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    tool.communicate(timeout=30)
    time.sleep(4)  # the providers live on in the sandbox and end what they had begun
    project.run("recover", STACK)
    as_if_never_disturbed(project, census, whole)
