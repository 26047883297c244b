"""A sandbox with an applied estate for each worker, and clients to look at them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from audits.pipeline_roles import APPLY, ActingAs, bind_roles, bootstrap
from audits.pipeline_roles import acting as acting_in
from audits.web_identity import Jobs
from stackyard_sandbox import daemon
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.copies import copied, made_once
from tests.support.estates import STACKS
from tests.support.sandbox import VARIABLE, running
from tests.support.timings import timed
from tests.support.workspace import Workspace

from .experiments import database, pods, tracking
from .onprem import register

__all__ = ["database", "pods", "tracking"]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The estate, applied in a sandbox that is stopped by now: each worker starts a copy of it.

    None without pytest-xdist: then nothing is applied before a test needs it.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return None
    with timed("the stage dev applied, or waited for"):
        return made_once(tmp_path_factory.getbasetemp().parent / "applied", _make_base)


def _make_base(folder: Path) -> None:
    sandbox = daemon.start(directory=folder / "sandbox")
    try:
        estate = _prepared(folder / "estate", folder / "bootstrap", sandbox)
        _apply(estate, acting_in(sandbox, Jobs(sandbox)))
    finally:
        daemon.stop(folder / "sandbox")


def _prepared(folder: Path, scratch: Path, sandbox: Sandbox) -> Workspace:
    shutil.copytree(STACKS, folder / "stacks")
    bind_roles(folder)
    register(folder)
    bootstrap(folder / "stacks", scratch, sandbox)
    return Workspace(folder, sandbox)


def _apply(estate: Workspace, acting: ActingAs) -> None:
    with acting(APPLY):
        estate.run("up", "*/*/dev", "--yes-to-all", timeout=600)


@pytest.fixture(scope="session")
def sandbox(base: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this worker's own, so that a developer's running one is left alone."""
    directory = tmp_path_factory.mktemp("own") / "sandbox"
    os.environ[VARIABLE] = str(directory)
    with ExitStack() as stack:
        with timed("a sandbox started"):
            if base:
                copied(base / "sandbox", directory)
            sandbox = stack.enter_context(running(directory))
        yield sandbox


@pytest.fixture(scope="session")
def estate(
    sandbox: Sandbox, base: Path | None, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    """A copy of the reference estate that tests may edit and put back; it has a cluster more.

    Its account is bootstrapped, and its roles carry the boundary.
    """
    folder = tmp_path_factory.mktemp("estate")
    if base:
        shutil.copytree(base / "estate", folder, dirs_exist_ok=True)
        return Workspace(folder, sandbox)
    return _prepared(folder, tmp_path_factory.mktemp("bootstrap"), sandbox)


@pytest.fixture(scope="session")
def jobs(sandbox: Sandbox) -> Jobs:
    """Make the jobs of pipelines, which take roles with the tokens of their Git host."""
    return Jobs(sandbox)


@pytest.fixture(scope="session")
def acting(sandbox: Sandbox, jobs: Jobs) -> ActingAs:
    """Make the tool act as a pipeline's role: `with acting(ROLE): ...`; else as administrator."""
    return acting_in(sandbox, jobs)


@pytest.fixture(scope="session")
def applied(estate: Workspace, acting: ActingAs, base: Path | None) -> Workspace:
    """The reference estate with everything of the stage `dev` applied, by the role for that."""
    if base is None:
        with timed("the stage dev applied"):
            _apply(estate, acting)
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
