"""One sandbox and one applied estate for the end-to-end tests, and clients to look at them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from .experiments import database, pods, tracking
from .onprem import register
from .roles import APPLY, ActingAs, bootstrap
from .roles import acting as acting_in
from .web_identity import Jobs

__all__ = ["database", "pods", "tracking"]

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
REGION = "eu-central-1"

Credentials = dict[str, str]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A sandbox of this session's own, so that a developer's running one is left alone."""
    directory = tmp_path_factory.mktemp("sandbox")
    os.environ["STACKYARD_SANDBOX_DIR"] = str(directory)
    from stackyard_sandbox import daemon

    try:
        yield daemon.start(lambda line: print(line, file=sys.stderr))
    finally:
        daemon.stop()


class Yard:
    """A copy of an estate, and the command run in it as a user would."""

    def __init__(self, folder: Path, sandbox: Any) -> None:
        self.folder, self.sandbox = folder, sandbox

    def run(self, *words: str, code: int = 0, timeout: float = 280) -> str:
        """Run `stackyard WORDS` and return stdout; fails the test on another exit code."""
        done = self.attempt(*words, timeout=timeout)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def attempt(self, *words: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        """Run `stackyard WORDS` and return what happened."""
        command = [sys.executable, "-m", "stackyard_cli", *words]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False
        )

    def answer(self, *words: str, code: int = 0) -> Any:
        """Run with `--json` and return the parsed answer."""
        return json.loads(self.run(*words, "--json", code=code))

    def contract(self, stack: str) -> Any:
        """Return what a stack promises to the next."""
        return self.answer("outputs", stack)["contract"]

    def with_stack(self, stack: str, text: str, folder: Path) -> Yard:
        """Return a copy of the estate in a folder of its own, with one more stack applied."""
        shutil.copytree(self.folder / "stacks", folder / "stacks")
        file = folder / f"stacks/{stack}.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        more = Yard(folder, self.sandbox)
        more.run("up", stack, "--yes")
        return more

    def edit(self, file: str, old: str, new: str) -> None:
        """Change one place of one stack file."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file}: {old!r} occurs {text.count(old)} times"
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def estate(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """A copy of the reference estate that tests may edit and put back; it has a cluster more.

    Its account is bootstrapped, and its roles carry the boundary.
    """
    folder = tmp_path_factory.mktemp("estate")
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    with (folder / "stacks/_defaults.yaml").open("a") as company:
        company.write("\npermissions_boundary: stackyard-roles\n")
    register(folder)
    bootstrap(folder / "stacks", tmp_path_factory.mktemp("bootstrap"), sandbox)
    return Yard(folder, sandbox)


@pytest.fixture(scope="session")
def jobs(sandbox: Any) -> Jobs:
    """Make the jobs of pipelines, which take roles with the tokens of their Git host."""
    return Jobs(sandbox)


@pytest.fixture(scope="session")
def acting(sandbox: Any, jobs: Jobs) -> ActingAs:
    """Make the tool act as a pipeline's role: `with acting(ROLE): ...`; else as administrator."""
    return acting_in(sandbox, jobs)


@pytest.fixture(scope="session")
def applied(estate: Yard, acting: ActingAs) -> Yard:
    """The reference estate with everything of the stage `dev` applied, by the role for that."""
    with acting(APPLY):
        estate.run("up", "*/*/dev", "--yes", timeout=600)
    return estate


def _client(service: str, sandbox: Any, credentials: Credentials | None) -> Any:
    keys = credentials or {
        "aws_access_key_id": sandbox.environment()["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": sandbox.environment()["AWS_SECRET_ACCESS_KEY"],
    }
    endpoint = sandbox.environment()["AWS_ENDPOINT_URL"]
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, **keys)


@pytest.fixture(scope="session")
def aws(sandbox: Any) -> Callable[..., Any]:
    """Make a boto3 client: `aws("s3")` as administrator, `aws("s3", credentials)` as a role."""

    def make(service: str, credentials: Credentials | None = None) -> Any:
        return _client(service, sandbox, credentials)

    return make


@pytest.fixture(scope="session")
def assume(aws: Callable[..., Any]) -> Callable[..., Credentials]:
    """Take a role as one of its trusted principals would, and return its own credentials."""

    def take(role: str, external_id: str | None = None) -> Credentials:
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
        extra = {"ExternalId": external_id} if external_id else {}
        answer = aws("sts").assume_role(RoleArn=arn, RoleSessionName="test", **extra)
        keys = answer["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    return take


@pytest.fixture(scope="session")
def kube(sandbox: Any, aws: Callable[..., Any]) -> Callable[..., Any]:
    """Make a Kubernetes client: as administrator, or with the EKS token of a role's credentials."""
    from kubernetes import client

    def make(cluster: str, credentials: Credentials | None = None) -> Any:
        if credentials is None:
            from kubernetes import config

            path = sandbox.environment()["KUBECONFIG"]
            return config.new_client_from_config(config_file=path, context=cluster)
        from stackyard_sandbox import eks_token

        described = aws("eks").describe_cluster(name=cluster)["cluster"]
        authority = sandbox.directory / f"{cluster}.test-ca.pem"
        authority.write_bytes(base64.b64decode(described["certificateAuthority"]["data"]))
        settings = client.Configuration()
        settings.host = described["endpoint"]
        settings.ssl_ca_cert = str(authority)
        endpoint = sandbox.environment()["AWS_ENDPOINT_URL"]
        token = eks_token.token(cluster, credentials, REGION, endpoint)
        settings.api_key = {"authorization": f"Bearer {token}"}
        return client.ApiClient(settings)

    return make
