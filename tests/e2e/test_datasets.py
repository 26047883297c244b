"""Datasets: how their buckets are set up, encryption of uploads, and old versions."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.support.clients import Assume, Clients
from tests.support.workspace import Workspace

STACK = "vision/defects/dev"
ROLE = "vision-defects-dev-{}"


@pytest.fixture(scope="module")
def buckets(applied: Workspace) -> dict[str, str]:
    return applied.contract(STACK)["datasets"]


@pytest.fixture(scope="module")
def keys(applied: Workspace) -> dict[str, str]:
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
    applied: Workspace, aws: Clients, keys: dict[str, str], stack: str, dataset: str, purpose: str
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
    aws: Clients, assume: Assume, buckets: dict[str, str], keys: dict[str, str]
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
    aws: Clients, assume: Assume, buckets: dict[str, str]
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
