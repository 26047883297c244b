"""With which key S3 encrypts and decrypts an object, and what it says to KMS of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stackyard_sandbox.cloud.iam.object_keys import Seal, of_existing, of_new

ACCOUNT = "123456789012"
KEY, OTHER = (f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/{name}" for name in ("own", "other"))
OBJECT = "arn:aws:s3:::lake/in/a"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.Session("test", "test", region_name="eu-central-1").client("s3")
        where = {"LocationConstraint": "eu-central-1"}
        client.create_bucket(Bucket="lake", CreateBucketConfiguration=where)
        yield client


def encrypt(s3: Any, *, key: str | None, bucket_key: bool) -> None:
    default = {"SSEAlgorithm": "aws:kms"} | ({"KMSMasterKeyID": key} if key else {})
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    rules = {"Rules": [rule]}
    s3.put_bucket_encryption(Bucket="lake", ServerSideEncryptionConfiguration=rules)


@pytest.mark.parametrize(("bucket_key", "context"), [(True, "arn:aws:s3:::lake"), (False, OBJECT)])
def test_the_default_of_the_bucket_is_used(s3: Any, *, bucket_key: bool, context: str) -> None:
    encrypt(s3, key=KEY, bucket_key=bucket_key)
    assert of_new(OBJECT, ACCOUNT, {}) == Seal(KEY, context)
    s3.put_object(Bucket="lake", Key="in/a", Body=b"x")
    assert of_existing(OBJECT, ACCOUNT) == Seal(KEY, context)


def test_a_request_may_name_another_key_or_none(s3: Any) -> None:
    encrypt(s3, key=KEY, bucket_key=False)
    header = "x-amz-server-side-encryption"
    other = {header: "aws:kms", f"{header}-aws-kms-key-id": OTHER}
    assert of_new(OBJECT, ACCOUNT, other) == Seal(OTHER, OBJECT)
    assert of_new(OBJECT, ACCOUNT, {header: "AES256"}) is None


def test_what_aws_encrypts_with_its_own_keys_needs_no_right(s3: Any) -> None:
    assert of_new(OBJECT, ACCOUNT, {}) is None
    s3.put_object(Bucket="lake", Key="in/a", Body=b"x")
    assert of_existing(OBJECT, ACCOUNT) is None
    encrypt(s3, key=None, bucket_key=True)
    assert of_new(OBJECT, ACCOUNT, {}) is None
    assert of_existing("arn:aws:s3:::lake/none", ACCOUNT) is None
    assert of_existing("arn:aws:s3:::none/a", ACCOUNT) is None
