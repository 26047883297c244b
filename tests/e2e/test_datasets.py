"""Datasets: how their buckets are set up, their versions, and DVC with a scientist's own rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

STACK = "vision/defects/dev"
ROLE = "vision-defects-dev-{}"


@pytest.fixture(scope="module")
def buckets(applied: Any) -> dict[str, str]:
    return applied.contract(STACK)["datasets"]


@pytest.fixture(scope="module")
def keys(applied: Any) -> dict[str, str]:
    return applied.contract("platform/foundation/dev")["key_arns"]


@pytest.mark.parametrize(
    ("stack", "dataset", "purpose"),
    [
        (STACK, "photos", "data"),
        (STACK, "labelled", "data"),
        ("ranking/recommender/dev", "events", "personal"),
        ("ranking/recommender/dev", "features", "data"),
    ],
)
def test_a_bucket_is_closed_versioned_and_encrypted(
    applied: Any, aws: Any, keys: dict[str, str], stack: str, dataset: str, purpose: str
) -> None:
    s3, bucket = aws("s3"), applied.contract(stack)["datasets"][dataset]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": keys[purpose],
    }
    assert rule["BucketKeyEnabled"] is True
    blocks = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(blocks) == 4
    assert all(blocks.values())
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rule == {"ObjectOwnership": "BucketOwnerEnforced"}
    sids = {
        statement["Sid"]: statement
        for statement in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    }
    assert sids["DenyPlainHttp"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {"DenyOldTls", "DenyOtherEncryption", "DenyOtherKey"} <= set(sids)
    logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    assert logging["TargetBucket"].startswith(f"{stack.replace('/', '-')}-access-logs")


def test_an_upload_gets_the_key_of_its_dataset_and_no_other(
    aws: Any, assume: Any, buckets: dict[str, str], keys: dict[str, str]
) -> None:
    s3 = aws("s3", assume(ROLE.format("pipeline")))
    bucket = buckets["labelled"]
    s3.put_object(Bucket=bucket, Key="work/key", Body=b"x")
    found = aws("s3").head_object(Bucket=bucket, Key="work/key")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", keys["data"])
    for encryption in (
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": keys["personal"]},
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key="work/key", Body=b"y", **encryption)


def test_an_overwritten_version_stays_readable(
    aws: Any, assume: Any, buckets: dict[str, str]
) -> None:
    bucket = buckets["labelled"]
    pipeline = aws("s3", assume(ROLE.format("pipeline")))
    first = pipeline.put_object(Bucket=bucket, Key="work/version", Body=b"first")["VersionId"]
    pipeline.put_object(Bucket=bucket, Key="work/version", Body=b"second")
    pipeline.delete_object(Bucket=bucket, Key="work/version")
    scientist = aws("s3", assume(ROLE.format("scientist")))
    old = scientist.get_object(Bucket=bucket, Key="work/version", VersionId=first)
    assert old["Body"].read() == b"first"
    with pytest.raises(ClientError, match="AccessDenied"):
        pipeline.delete_object(Bucket=bucket, Key="work/version", VersionId=first)


class Dvc:
    """A working copy of a dataset, and the real `dvc` with one role's credentials."""

    def __init__(self, folder: Path, bucket: str, sandbox: Any, role: dict[str, str]) -> None:
        folder.mkdir()
        self.folder = folder
        nobodys = folder / "aws-config"
        nobodys.touch()
        self._environment = {
            **os.environ,
            **{name.upper(): value for name, value in role.items()},
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_CONFIG_FILE": str(nobodys),
            "DVC_NO_ANALYTICS": "1",
        }
        self("init", "--no-scm", "-q")
        self("remote", "add", "-d", "dataset", f"s3://{bucket}/dvc")
        endpoint = sandbox.environment()["AWS_ENDPOINT_URL"]
        self("remote", "modify", "dataset", "endpointurl", endpoint)

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_dvc_gives_the_first_version_back_after_the_second(
    sandbox: Any,
    aws: Any,
    assume: Callable[..., dict[str, str]],
    buckets: dict[str, str],
    tmp_path: Path,
) -> None:
    bucket = buckets["labelled"]

    def stored() -> int:
        return aws("s3").list_objects_v2(Bucket=bucket, Prefix="dvc/")["KeyCount"]

    writer = Dvc(tmp_path / "writer", bucket, sandbox, assume(ROLE.format("pipeline")))
    data = writer.folder / "labels"
    data.mkdir()
    for name in ("a", "b", "c"):
        (data / name).write_text(f"{name} in the first version")
    writer("add", "-q", "labels")
    writer("push")
    first = (writer.folder / "labels.dvc").read_text()
    before = stored()
    (data / "b").write_text("b in the second version")
    writer("add", "-q", "labels")
    writer("push")
    # One changed file, and the list of files: the other two are not stored again.
    assert stored() - before == 2

    reader = Dvc(tmp_path / "reader", bucket, sandbox, assume(ROLE.format("scientist")))
    (reader.folder / "labels.dvc").write_text(first)
    reader("pull")
    found = {path.name: path.read_text() for path in (reader.folder / "labels").iterdir()}
    assert found == {name: f"{name} in the first version" for name in ("a", "b", "c")}
