"""kill -9 at random moments of an `up` on the sandbox's AWS: nothing is lost, nothing is twice."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from yard import STACK, FakeYard, kill_everything, quiet, task

from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.location import location_of
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.inventory.census import AwsCensus
from stackyard_cli.recovery.recover import recover

KILLS = int(os.environ.get("STACKYARD_KILLS", "3"))
REGION = "eu-central-1"
WORKER = (sys.executable, str(Path(__file__).parent / "aws_worker.py"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from stackyard_sandbox import daemon

    folder = tmp_path_factory.mktemp("sandbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STACKYARD_SANDBOX_DIR", str(folder))
        try:
            yield daemon.start()
        finally:
            daemon.stop()


@pytest.fixture
def aws_yard(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> FakeYard:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    location = location_of(
        name="test", root=Path("/"), target="sandbox", backend=None, secrets_provider=None
    )
    return FakeYard(location, Path("/nowhere"), None, worker=WORKER)


class Account:
    """What an independent client sees of the stack."""

    def __init__(self, sandbox: Any) -> None:
        known = sandbox.environment()
        self._keys = {
            "endpoint_url": known["AWS_ENDPOINT_URL"],
            "region_name": REGION,
            "aws_access_key_id": known["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": known["AWS_SECRET_ACCESS_KEY"],
        }

    def client(self, service: str) -> Any:
        return boto3.client(service, **self._keys)

    def settle(self) -> None:
        """Wait until the providers, which live on in the sandbox, have ended what they had begun.

        Two seconds without a change: on a busy machine one call takes more than one.
        """
        before, calm = self.counts(), time.monotonic()
        while time.monotonic() - calm < 2:
            time.sleep(0.2)
            if (now := self.counts()) != before:
                before, calm = now, time.monotonic()

    def counts(self) -> dict[str, int]:
        ec2, slug = self.client("ec2"), STACK.slug
        vpcs = [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]]
        inside = [{"Name": "vpc-id", "Values": vpcs or ["none"]}]
        tables = ec2.describe_route_tables(Filters=inside)["RouteTables"]
        own = [a for t in tables for a in t["Associations"] if not a.get("Main")]
        kms = self.client("kms")
        keys = [kms.describe_key(KeyId=k["KeyId"]) for k in kms.list_keys()["Keys"]]
        live = [k for k in keys if k["KeyMetadata"]["KeyState"] == "Enabled"]
        buckets = self.client("s3").list_buckets()["Buckets"]
        roles = self.client("iam").list_roles()["Roles"]
        secrets = self.client("secretsmanager").list_secrets()["SecretList"]
        return {
            "vpcs": len(vpcs),
            "subnets": len(ec2.describe_subnets(Filters=inside)["Subnets"]),
            "associations": len(own),
            "keys": len([k for k in live if k["KeyMetadata"]["Description"] == "data"]),
            "buckets": len([b for b in buckets if b["Name"].startswith(slug)]),
            "roles": len([r for r in roles if r["RoleName"].startswith(slug)]),
            "secrets": len(secrets),
        }


WHOLE = {
    "vpcs": 1,
    "subnets": 6,
    "associations": 6,
    "keys": 1,
    "buckets": 3,
    "roles": 3,
    "secrets": 3,
}


@pytest.mark.parametrize("trial", range(KILLS))
def test_kill_recover_up(aws_yard: FakeYard, sandbox: Any, trial: int) -> None:
    tool = aws_yard.tool()
    time.sleep(random.uniform(0.2, 2.0))
    kill_everything(tool)
    account = Account(sandbox)
    account.settle()
    census = AwsCensus(STACK, REGION, aws_yard.location.environment)
    outcome = recover(aws_yard.location, aws_yard.engine, STACK, census)
    assert outcome.leftovers == [], outcome
    stops, workers = StopSignals(lambda _: None), Workers(WORKER)
    report = Runner(aws_yard.location, pulumi_binary.find(), stops, quiet, workers).run(
        task(), "up"
    )
    assert report.ok, report.result
    assert account.counts() == WHOLE, outcome
    assert aws_yard.run("preview").changing == []
    assert aws_yard.run("destroy").ok
    assert account.counts() == dict.fromkeys(WHOLE, 0)
