"""The quickstart as `make demo` runs it: from nothing, once more, and down again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from stackyard_cli.concerns.checks import CHECKS

ROLES = ("access-logs", "artifacts", "data-photos", "models", "reports")
QUICKSTART = Path(__file__).resolve().parents[2] / "examples" / "quickstart"


class Demo:
    """A copy of the example, and a sandbox of its own, as its stacks are named like others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "quickstart"
        shutil.copytree(QUICKSTART, self._folder)
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "STACKYARD_SANDBOX_DIR": str(folder / "sandbox"),
        }

    def run(self, *command: str, timeout: float = 400) -> str:
        """Run a command in the example's folder and return stdout; fails if the command does."""
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def client(self, service: str) -> object:
        """Return a boto3 client, made from what `sandbox env` prints."""
        lines = self.run("stackyard", "sandbox", "env").splitlines()
        pairs = [line.removeprefix("export ").partition("=") for line in lines if "=" in line]
        env = {name: value.strip("'\"") for name, _, value in pairs}
        return boto3.client(
            service,
            region_name="eu-central-1",
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    made = Demo(tmp_path_factory.mktemp("demo"))
    try:
        yield made
    finally:
        made.run("stackyard", "sandbox", "stop")


def test_the_demo_comes_up_again_without_a_change_and_goes_down_to_nothing(demo: Demo) -> None:
    told = demo.run("sh", "demo.sh", timeout=600)
    concerns = [line for line in told.splitlines() if line.startswith(tuple(CHECKS))]
    assert len(concerns) == 12
    assert [line for line in concerns if "  ok  " not in line] == [
        "hybrid            not declared  -"
    ]
    buckets = demo.client("s3").list_buckets()["Buckets"]
    assert {bucket["Name"] for bucket in buckets} == {
        "platform-foundation-dev-audit-123456789012",
        *(f"vision-defects-dev-{role}-123456789012" for role in ROLES),
    }
    demo.run("stackyard", "preview", "--expect-no-changes")
    bucket = "vision-defects-dev-data-photos-123456789012"
    demo.client("s3").put_object(Bucket=bucket, Key="incoming/1", Body=b"x")

    s3, iam, eks, ec2 = (demo.client(name) for name in ("s3", "iam", "eks", "ec2"))
    demo.run("stackyard", "destroy", "*/*/*", "--yes")
    assert s3.list_buckets()["Buckets"] == []
    assert eks.list_clusters()["clusters"] == []
    own = [{"Name": "is-default", "Values": ["false"]}]
    assert ec2.describe_vpcs(Filters=own)["Vpcs"] == []
    left = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    applies = {f"stackyard-apply-{stage}" for stage in ("dev", "staging", "prod")}
    assert left == {"platform-admin", *applies}
