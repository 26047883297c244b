"""The team setup: state in a bucket, secrets under a KMS key, against the AWS emulator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stackyard_cli.backend.errors import BackendError
from stackyard_cli.backend.open import open_store
from stackyard_cli.recovery.lock import held

from .harness import STACK, Harness, kill_everything, open_harness, until

REGION = "eu-central-1"
CANARY = "canary-41c7e2-do-not-tell"


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def keys(emulator: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://{emulator}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test-secret-key",
        "AWS_REGION": REGION,
    }


def client(service: str, keys: dict[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=keys["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def team(tmp_path: Path, emulator: str, keys: dict[str, str]) -> Iterator[Harness]:
    bucket = f"state-{tmp_path.name}".replace("_", "-").lower()[:60]
    location = {"LocationConstraint": REGION}
    client("s3", keys).create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
    key = client("kms", keys).create_key()["KeyMetadata"]["KeyId"]
    options = f"endpoint={emulator}&disableSSL=true&s3ForcePathStyle=true&region={REGION}"
    opened = open_harness(
        tmp_path,
        f"s3://{bucket}/team?{options}",
        secrets_provider=f"awskms:///{key}?region={REGION}&awssdk=v2",
        **keys,
    )
    yield opened
    assert opened.provider
    opened.provider.kill()
    opened.provider.wait()


def test_state_and_records_are_in_the_bucket_and_secrets_are_not_plain(
    team: Harness, keys: dict[str, str]
) -> None:
    report = team.run("up", things=2)
    assert report.ok, report.result
    assert team.run("preview", things=2).changing == []
    found = team.location.store.keys("")
    assert ".pulumi/stacks/ranking.clicks/dev.json" in found
    assert f".stackyard/{STACK}/record.json" in found
    key_file = team.location.records(STACK).key_file() or b""
    assert b"encryptedkey" in key_file
    assert team.run("up", things=2, secret=CANARY).ok
    raw = team.location.state(STACK).raw() or b""
    assert CANARY.encode() not in raw
    assert b"ciphertext" in raw
    assert team.run("destroy", things=2).ok
    assert team.things() == []


def test_a_preview_of_a_new_stack_needs_no_key_and_writes_nothing(team: Harness) -> None:
    """So the role of previews can do without both rights."""
    team.location = replace(
        team.location, secrets_provider=f"awskms:///no-such-key?region={REGION}"
    )
    report = team.run("preview", things=2, secret=CANARY)
    assert report.ok, report.result
    assert len(report.changing) >= 2
    assert team.location.store.keys("") == []


def test_a_killed_run_is_recovered_through_the_bucket(team: Harness) -> None:
    things: dict[str, Any] = {"things": 6, "seconds": 1}
    tool = team.tool(**things)
    until(team.things)
    kill_everything(tool)
    assert [one.life for one in held(team.location, [STACK])] == ["dead"]
    assert "locked by" in (team.run("up", **things).result.problem or "")
    time.sleep(1)
    assert team.recover().unlocked
    report = team.run("up", **things)
    assert report.ok, report.result
    assert team.things() == [f"thing-{index}" for index in range(6)]
    assert team.ids() == team.held()


def test_a_bucket_that_is_not_there_is_an_error_with_its_name(
    keys: dict[str, str], tmp_path: Path
) -> None:
    store = open_store(f"s3://no-such-bucket?region={REGION}", keys, tmp_path)
    with pytest.raises(BackendError, match="no-such-bucket"):
        store.get("anything")
    gone = {**keys, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with pytest.raises(BackendError, match="not reachable"):
        open_store(f"s3://no-such-bucket?region={REGION}", gone, tmp_path).keys("")
