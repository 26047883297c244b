"""Fixtures: the project's database on a real PostgreSQL, and its tracking server as a process."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stackyard_sandbox.processes import free_ports
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Clients, KubernetesClients
from tests.support.workspace import Workspace

from . import postgres
from .pods import Pods

STACK = "vision/defects/dev"
NAMESPACE = "vision-defects-dev"
CLUSTER = "platform-foundation-dev"


@dataclass(frozen=True)
class Database:
    """Where the real PostgreSQL is that stands in for the stage's instance."""

    port: int
    pods: Pods
    master: dict[str, str]

    @property
    def places(self) -> dict[str, str]:
        return {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(self.port)}

    def set_up(self, purpose: str) -> None:
        """Run the job that makes a project's database, as its pod would."""
        name = f"database-{NAMESPACE}-{purpose}"
        job = self.pods.batch.read_namespaced_job(name, "stackyard-system")
        spec = job.spec.template.spec
        self.pods.run("stackyard-system", spec, spec.containers[0], **self.places)

    def rotate(self, purpose: str, **places: str) -> str:
        """Run the nightly job that looks after a database's passwords, and return what it said."""
        name = f"database-{NAMESPACE}-{purpose}"
        job = self.pods.batch.read_namespaced_cron_job(name, "stackyard-system")
        spec = job.spec.job_template.spec.template.spec
        (container,) = spec.containers
        return self.pods.run("stackyard-system", spec, container, **self.places, **places)


@dataclass(frozen=True)
class Tracking:
    """A tracking server, and the environment that its clients have."""

    uri: str
    client: dict[str, str]
    log: Path


@pytest.fixture(scope="session")
def pods(
    applied: Workspace,
    sandbox: Sandbox,
    kube: KubernetesClients,
    aws: Clients,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pods:
    endpoint = sandbox.environment()["AWS_ENDPOINT_URL"]
    return Pods(CLUSTER, kube(CLUSTER), aws, endpoint, tmp_path_factory.mktemp("pods"))


@pytest.fixture(scope="session")
def database(applied: Workspace, pods: Pods, aws: Clients) -> Iterator[Database]:
    secret = applied.contract("platform/foundation/dev")["database"]["admin_credentials"]
    value = aws("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    master = json.loads(value)
    with postgres.running(master["username"], master["password"]) as port:
        yield Database(port, pods, master)


@pytest.fixture(scope="session")
def tracking(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    """The Deployment's own init container and server, as processes."""
    pods = database.pods
    database.set_up("tracking")
    spec = pods.apps.read_namespaced_deployment("tracking", NAMESPACE).spec.template.spec
    (migrate,), (serve,) = spec.init_containers, spec.containers
    pods.run(NAMESPACE, spec, migrate, **database.places)

    (port,) = free_ports(1)
    address = {"MLFLOW_HOST": "127.0.0.1", "MLFLOW_PORT": str(port)}
    arguments = pods.process(NAMESPACE, spec, serve, {**database.places, **address})
    log = tmp_path_factory.mktemp("tracking") / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen(**arguments, stdout=stream, stderr=stream, start_new_session=True)
        try:
            uri = f"http://127.0.0.1:{port}"
            wait_until_up(server, uri, serve.startup_probe, log)
            settings = pods.settings("tracking", NAMESPACE)
            yield Tracking(uri, {**settings, "MLFLOW_TRACKING_URI": uri}, log)
        finally:
            server.terminate()
            server.wait(20)


def wait_until_up(server: subprocess.Popen[bytes], uri: str, probe: Any, log: Path) -> None:
    """Ask as the kubelet does, for as long as the probe allows."""
    end = time.monotonic() + probe.period_seconds * probe.failure_threshold
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(uri + probe.http_get.path, timeout=1) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not come up:\n{log.read_text()}")
