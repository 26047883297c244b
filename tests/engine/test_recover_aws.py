"""kill -9 at random moments of an `up` on the sandbox's AWS: nothing is lost, nothing is twice."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from random import Random

import pytest

from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.location import location_of
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.inventory.census import AwsCensus
from stackyard_cli.recovery.recover import recover
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Clients
from tests.support.sandbox import VARIABLE

from .harness import STACK, Harness, kill_everything, quiet, task

KILLS = int(os.environ.get("STACKYARD_KILLS", "3"))
REGION = "eu-central-1"
WORKER = (sys.executable, str(Path(__file__).parent / "aws_worker.py"))


@pytest.fixture
def aws_harness(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Harness:
    monkeypatch.setenv(VARIABLE, str(sandbox.directory))
    location = location_of(
        name="test", root=Path("/"), target="sandbox", backend=None, secrets_provider=None
    )
    return Harness(location, Path("/nowhere"), None, worker=WORKER)


class Account:
    """What an independent client sees of the stack."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.client = Clients(sandbox)

    def settle(self) -> None:
        """Wait until the providers, which live on in the sandbox, have ended what they had begun.

        Five seconds without a change: on a busy machine more than two pass between two calls of a
        provider, and a bucket that is not tagged yet is found by nobody.
        """
        before, calm = self.counts(), time.monotonic()
        while time.monotonic() - calm < 5:
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
def test_kill_recover_up(aws_harness: Harness, sandbox: Sandbox, trial: int, rng: Random) -> None:
    tool = aws_harness.tool()
    time.sleep(rng.uniform(0.2, 2.0))
    kill_everything(tool)
    account = Account(sandbox)
    account.settle()
    census = AwsCensus(STACK, REGION, aws_harness.location.environment)
    outcome = recover(aws_harness.location, aws_harness.engine, STACK, census)
    assert outcome.leftovers == [], outcome
    stops, workers = StopSignals(lambda _: None), Workers(WORKER)
    report = Runner(aws_harness.location, pulumi_binary.find(), stops, quiet, workers).run(
        task(), "up"
    )
    assert report.ok, report.result
    assert account.counts() == WHOLE, outcome
    assert aws_harness.run("preview").changing == []
    assert aws_harness.run("destroy").ok
    assert account.counts() == dict.fromkeys(WHOLE, 0)
