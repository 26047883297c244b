"""The quickstart as `make demo` runs it: from nothing, once more, accepted, and down again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from stackyard_cli.health.concerns.checks import CHECKS
from stackyard_sandbox import settling
from stackyard_sandbox.control_plane.members import MEMBERS
from stackyard_sandbox.state import CHOICE

ROLES = ("access-logs", "artifacts", "data-photos", "models", "reports")
PROJECT, NAMESPACE = "vision/defects/dev", "vision-defects-dev"
QUICKSTART = Path(__file__).resolve().parents[2] / "examples" / "quickstart"


class Demo:
    """A copy of the example, and a sandbox of its own, as its stacks are named like others."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sandbox = folder / "quickstart", folder / "sandbox"
        shutil.copytree(QUICKSTART, self.folder)
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "STACKYARD_SANDBOX_DIR": str(self.sandbox),
            # As in AWS, other services see a new role some seconds late.
            settling.VARIABLE: "2",
        }

    def run(self, *command: str, timeout: float = 400, provider: str = "official") -> str:
        """Run a command in the example's folder and return stdout; fails if the command does.

        `provider` is the Kubernetes provider that answers it.
        """
        self._environment[CHOICE] = provider
        return self._run(command, self.folder, timeout)

    def accept(self) -> str:
        """Run the acceptance of the example's stage, and return its report."""
        report = self.folder / "acceptance.md"
        words = (str(self.folder), PROJECT, "--report", str(report))
        command = (sys.executable, "-m", "tests.acceptance", *words)
        self._run(command, QUICKSTART.parents[1], 1500)
        return report.read_text()

    def _run(self, command: tuple[str, ...], folder: Path, timeout: float) -> str:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def variables(self) -> dict[str, str]:
        """Return what `sandbox env` prints."""
        lines = self.run("stackyard", "sandbox", "env").splitlines()
        pairs = [line.removeprefix("export ").partition("=") for line in lines if "=" in line]
        return {name: value.strip("'\"") for name, _, value in pairs}

    def cellar(self) -> Any:
        """Return a Kubernetes client by the context that `sandbox env` leads to."""
        from kubernetes import config

        return config.new_client_from_config(self.variables()["KUBECONFIG"], "cellar")

    def client(self, service: str) -> Any:
        """Return a boto3 client, made from what `sandbox env` prints."""
        env = self.variables()
        return boto3.client(
            service,
            region_name="eu-central-1",
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    made = Demo(tmp_path)
    try:
        yield made
    finally:
        made.run("stackyard", "sandbox", "reset", "--yes")
        assert not (made.sandbox / "onprem").exists()


def placed(demo: Demo) -> str:
    """Create the job that the demo's last words show in the cellar; return its pod's node."""
    from kubernetes import client

    text = demo.run("stackyard", "train", "render", PROJECT, "fit", "--cluster", "onprem:cellar")
    api = demo.cellar()
    job: Any = client.BatchV1Api(api).create_namespaced_job(NAMESPACE, yaml.safe_load(text))
    core, end = client.CoreV1Api(api), time.monotonic() + 30
    while time.monotonic() < end:
        chosen = f"job-name={job.metadata.name}"
        pods: Any = core.list_namespaced_pod(NAMESPACE, label_selector=chosen).items
        if pods and pods[0].spec.node_name:
            return str(pods[0].spec.node_name)
        time.sleep(0.2)
    raise AssertionError(f"{job.metadata.name} has no pod on a node")


def cellar_pids(demo: Demo) -> list[int]:
    """Return the processes of the second control plane, all alive."""
    rows = json.loads(demo.run("stackyard", "sandbox", "status", "--json"))
    own = [row for row in rows if row["member"].startswith("onprem/cellar/")]
    assert all(row["alive"] for row in own)
    return [row["pid"] for row in own]


def words(pid: int) -> bytes:
    """Return the command line of a process; nothing if it has ended, reaped or not."""
    line = Path(f"/proc/{pid}/cmdline")
    return line.read_bytes() if line.exists() else b""


def namespaces(api: Any) -> set[str]:
    from kubernetes import client

    found: Any = client.CoreV1Api(api).list_namespace()
    return {one.metadata.name for one in found.items}


def nothing_is_left(demo: Demo) -> None:
    """Only the sandbox's own roles are there, as on the first day."""
    assert demo.client("s3").list_buckets()["Buckets"] == []
    assert NAMESPACE not in namespaces(demo.cellar())
    assert demo.client("eks").list_clusters()["clusters"] == []
    own = [{"Name": "is-default", "Values": ["false"]}]
    assert demo.client("ec2").describe_vpcs(Filters=own)["Vpcs"] == []
    left = {role["RoleName"] for role in demo.client("iam").list_roles()["Roles"]}
    applies = {f"stackyard-apply-{stage}" for stage in ("dev", "staging", "prod")}
    assert left == {"platform-admin", "stackyard-preview", *applies}


def test_the_demo_comes_up_again_without_a_change_and_goes_down_to_nothing(demo: Demo) -> None:
    told = demo.run("sh", "demo.sh", timeout=600)
    concerns = [line for line in told.splitlines() if line.startswith(tuple(CHECKS))]
    assert len(concerns) == 12
    assert [line for line in concerns if "  ok  " not in line] == []
    buckets = demo.client("s3").list_buckets()["Buckets"]
    assert {bucket["Name"] for bucket in buckets} == {
        "platform-foundation-dev-audit-123456789012",
        *(f"vision-defects-dev-{role}-123456789012" for role in ROLES),
    }
    assert placed(demo).startswith("training-")
    before = cellar_pids(demo)
    demo.run("stackyard", "sandbox", "stop")
    assert [words(pid) for pid in before if words(pid)] == []
    demo.run("stackyard", "sandbox", "start")
    assert len(cellar_pids(demo)) == len(before) == len(MEMBERS)
    demo.run("stackyard", "preview", "--expect-no-changes")
    demo.run("stackyard", "preview", "--refresh", "--expect-no-changes", provider="own")
    bucket = "vision-defects-dev-data-photos-123456789012"
    demo.client("s3").put_object(Bucket=bucket, Key="incoming/1", Body=b"x")
    demo.run("stackyard", "destroy", "*/*/*", "--yes")
    nothing_is_left(demo)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_stage_is_accepted_changed_and_destroyed(demo: Demo) -> None:
    demo.run("stackyard", "sandbox", "start")
    report = demo.accept()
    assert [line for line in report.splitlines() if line.endswith("| FAILED |")] == []
    assert [concern for concern in CHECKS if f"| {concern} | ok |" not in report] == []
    assert f"| {PROJECT} | " in report.partition("## Cost")[2]
    nothing_is_left(demo)
