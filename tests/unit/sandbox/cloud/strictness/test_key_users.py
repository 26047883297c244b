"""The emulator refuses keys and buckets that CloudWatch Logs and CloudTrail cannot use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard import iam
from stackyard.monitoring.audit import trail_delivery
from stackyard.vault.config import Purpose
from stackyard.vault.key_policies import key_policy
from stackyard_sandbox.cloud.strictness import key_users
from tests.unit.sandbox.cloud.strictness.conftest import Strict

ACCOUNT, REGION = "123456789012", "eu-central-1"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"


def key(clients: Any, purpose: Purpose) -> str:
    document = key_policy(purpose, account=ACCOUNT, region=REGION, admins=[])
    made = clients("kms").create_key(Policy=json.dumps(document))
    return str(made["KeyMetadata"]["Arn"])


def bucket(clients: Any, *allowed: iam.Statement) -> None:
    s3 = clients("s3")
    if not s3.list_buckets()["Buckets"]:
        s3.create_bucket(Bucket="records", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket="records", Policy=json.dumps(iam.document(*allowed)))


def test_a_log_group_has_a_key_that_logs_may_use(strict: Strict) -> None:
    clients = strict(key_users)
    logs = clients("logs")
    for wrong in (key(clients, "data"), f"arn:aws:kms:{REGION}:{ACCOUNT}:key/missing"):
        with pytest.raises(ClientError, match=r"not allowed to be used with Arn .*group:audit"):
            logs.create_log_group(logGroupName="audit", kmsKeyId=wrong)
    logs.create_log_group(logGroupName="audit", kmsKeyId=key(clients, "logs"))


def test_a_trail_has_a_bucket_and_a_key_that_it_may_use(strict: Strict) -> None:
    clients = strict(key_users)
    create = clients("cloudtrail").create_trail
    named = {"Name": "audit", "S3BucketName": "records"}
    mine = trail_delivery("arn:aws:s3:::records", ACCOUNT, TRAIL)
    for wrong in (
        trail_delivery("arn:aws:s3:::records", ACCOUNT, f"{TRAIL}-of-another"),
        mine[:1],
    ):
        bucket(clients, *wrong)
        with pytest.raises(ClientError, match="InsufficientS3BucketPolicy"):
            create(**named)
    bucket(clients, *mine)
    with pytest.raises(ClientError, match="InsufficientEncryptionPolicy"):
        create(**named, KmsKeyId=key(clients, "data"))
    create(**named, KmsKeyId=key(clients, "logs"))
