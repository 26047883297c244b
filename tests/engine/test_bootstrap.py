"""The bootstrap of an account, against the AWS emulator, looked at by a client of its own."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stackyard_cli.app import run
from tests.support.estates import STACKS

REGION = "eu-central-1"
ANYTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)
WORDS = ("bootstrap", "--repo", "acme/estate", "--json")


class Account:
    def __init__(self, root: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.root, self._capture = root, capture

    def bootstrap(self, *words: str, code: int = 0) -> Any:
        self._capture.readouterr()
        found = run([*WORDS, *words, "--estate", str(self.root)])
        out, err = self._capture.readouterr()
        assert found == code, out + err
        return json.loads(out)

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)


@pytest.fixture
def account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Account]:
    shutil.copytree(STACKS, tmp_path / "stacks")
    (tmp_path / "stacks/_estate.yaml").write_text(
        "name: acme\ntarget: aws\nstate:\n"
        f"  backend: s3://acme-stackyard-state?region={REGION}\n"
        f"  secrets: awskms://alias/stackyard-state?region={REGION}\n"
    )
    company = tmp_path / "stacks/_defaults.yaml"
    company.write_text(f"{company.read_text()}\npermissions_boundary: stackyard-roles\n")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # Servers of one process share what they remember.
    reset = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", REGION)
    yield Account(tmp_path, capsys)
    server.stop()


def test_shown_then_made_then_unchanged(account: Account) -> None:
    planned = account.bootstrap("--dry-run", code=4)
    assert {row["status"] for row in planned} == {"missing"}
    assert account.client("s3").list_buckets()["Buckets"] == []

    made = account.bootstrap("--yes")
    assert len(made) == len(planned)
    assert {row["status"] for row in account.bootstrap("--dry-run")} == {"ok"}
    assert {row["status"] for row in account.bootstrap("--yes")} == {"ok"}
    _check_bucket(account)
    _check_roles(account)
    _check_repair(account)


def _check_bucket(account: Account) -> None:
    s3, name = account.client("s3"), {"Bucket": "acme-stackyard-state"}
    key = account.client("kms").describe_key(KeyId="alias/stackyard-state")["KeyMetadata"]
    assert account.client("kms").get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    assert s3.get_bucket_versioning(**name)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key["Arn"]
    block = s3.get_public_access_block(**name)["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())
    said = json.loads(s3.get_bucket_policy(**name)["Policy"])["Statement"]
    assert said[0]["Effect"] == "Deny"
    assert said[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    expiry = s3.get_bucket_lifecycle_configuration(**name)["Rules"][0]
    assert expiry["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90


def _check_roles(account: Account) -> None:
    iam = account.client("iam")
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    stages = {f"stackyard-apply-{stage}" for stage in ("dev", "staging", "prod")}
    assert names == {"stackyard-preview", *stages}
    prod = iam.get_role(RoleName="stackyard-apply-prod")["Role"]
    assert prod["MaxSessionDuration"] == 7_200  # as long as a job may last
    bounds = prod["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert bounds.endswith(":policy/stackyard-boundary-1")
    condition = prod["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    host = "token.actions.githubusercontent.com"
    assert condition["StringEquals"] == {
        f"{host}:aud": "sts.amazonaws.com",
        f"{host}:sub": ["repo:acme/estate:environment:prod"],
    }
    assert "StringLike" not in condition
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1


def _check_repair(account: Account) -> None:
    """What others changed is put back, and only that."""
    s3, iam = account.client("s3"), account.client("iam")
    s3.delete_public_access_block(Bucket="acme-stackyard-state")
    extra = "arn:aws:iam::123456789012:policy/stackyard-apply-dev-1"
    iam.attach_role_policy(RoleName="stackyard-preview", PolicyArn=extra)
    iam.put_role_policy(RoleName="stackyard-apply-prod", PolicyName="x", PolicyDocument=ANYTHING)
    anyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
    iam.update_assume_role_policy(RoleName="stackyard-apply-dev", PolicyDocument=trust)
    done = [row for row in account.bootstrap("--yes") if row["status"] != "ok"]
    assert {(row["what"], row["name"]) for row in done} == {
        ("no public access", "acme-stackyard-state"),
        ("role", "stackyard-preview"),
        ("role", "stackyard-apply-dev"),
        ("role", "stackyard-apply-prod"),
    }
    assert iam.list_role_policies(RoleName="stackyard-apply-prod")["PolicyNames"] == []
    assert {row["status"] for row in account.bootstrap("--dry-run")} == {"ok"}


def test_what_it_refuses(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bootstrap", "--estate", str(account.root), "--repo"]
    assert run([*words, "acme/*"]) == 2
    assert run([*words, "acme/estate"]) == 2
    assert "there is no terminal" in capsys.readouterr().err
    company = account.root / "stacks/_defaults.yaml"
    company.write_text(company.read_text().replace("boundary: stackyard-roles", "boundary: mine"))
    assert run([*words, "acme/estate", "--dry-run"]) == 2
    assert "`permissions_boundary: stackyard-roles`" in capsys.readouterr().err
    file = account.root / "stacks/_estate.yaml"
    file.write_text("name: acme\ntarget: sandbox\n")
    assert run([*words, "acme/estate", "--dry-run"]) == 2
    assert "name no state bucket" in capsys.readouterr().err
