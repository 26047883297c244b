"""One sandbox and one applied estate for the end-to-end tests, and clients to look at them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from stackyard_sandbox.state import Sandbox
from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.estates import STACKS
from tests.support.sandbox import VARIABLE, running
from tests.support.workspace import Workspace

from .experiments import database, pods, tracking
from .onprem import register
from .roles import APPLY, ActingAs, bootstrap
from .roles import acting as acting_in
from .web_identity import Jobs

__all__ = ["database", "pods", "tracking"]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this session's own, so that a developer's running one is left alone."""
    directory = tmp_path_factory.mktemp("sandbox")
    os.environ[VARIABLE] = str(directory)
    with running(directory) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def estate(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the reference estate that tests may edit and put back; it has a cluster more.

    Its account is bootstrapped, and its roles carry the boundary.
    """
    folder = tmp_path_factory.mktemp("estate")
    shutil.copytree(STACKS, folder / "stacks")
    with (folder / "stacks/_defaults.yaml").open("a") as company:
        company.write("\npermissions_boundary: stackyard-roles\n")
    register(folder)
    bootstrap(folder / "stacks", tmp_path_factory.mktemp("bootstrap"), sandbox)
    return Workspace(folder, sandbox)


@pytest.fixture(scope="session")
def jobs(sandbox: Sandbox) -> Jobs:
    """Make the jobs of pipelines, which take roles with the tokens of their Git host."""
    return Jobs(sandbox)


@pytest.fixture(scope="session")
def acting(sandbox: Sandbox, jobs: Jobs) -> ActingAs:
    """Make the tool act as a pipeline's role: `with acting(ROLE): ...`; else as administrator."""
    return acting_in(sandbox, jobs)


@pytest.fixture(scope="session")
def applied(estate: Workspace, acting: ActingAs) -> Workspace:
    """The reference estate with everything of the stage `dev` applied, by the role for that."""
    with acting(APPLY):
        estate.run("up", "*/*/dev", "--yes", timeout=600)
    return estate


@pytest.fixture(scope="session")
def aws(sandbox: Sandbox) -> Clients:
    """Make a boto3 client: `aws("s3")` as administrator, `aws("s3", credentials)` as a role."""
    return Clients(sandbox)


@pytest.fixture(scope="session")
def assume(aws: Clients) -> Assume:
    """Take a role as one of its trusted principals would, and return its own credentials."""
    return aws.assume


@pytest.fixture(scope="session")
def kube(sandbox: Sandbox) -> KubernetesClients:
    """Make a Kubernetes client: as administrator, or with the EKS token of a role's credentials."""
    return KubernetesClients(sandbox)
