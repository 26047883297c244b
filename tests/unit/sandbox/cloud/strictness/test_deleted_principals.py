"""What names a deleted role does not speak of the one that is made again."""

from __future__ import annotations

import json
from typing import Any

from stackyard_sandbox.cloud.strictness import deleted_principals
from tests.unit.sandbox.cloud.strictness.conftest import Strict

ACCOUNT, REGION = "123456789012", "eu-central-1"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def document(action: str) -> str:
    named = {"Effect": "Allow", "Action": action, "Principal": {"AWS": [ROOT, READER]}}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**named, "Resource": "*"}]})


def principals(policy: str) -> list[str]:
    named: list[str] = json.loads(policy)["Statement"][0]["Principal"]["AWS"]
    return named


def test_policies_keep_the_id_of_a_deleted_role_and_not_the_name(strict: Strict) -> None:
    clients = strict(deleted_principals)
    iam, s3, kms = clients("iam"), clients("s3"), clients("kms")
    secrets, sqs = clients("secretsmanager"), clients("sqs")
    trust: dict[str, Any] = {"RoleName": "reader", "AssumeRolePolicyDocument": "{}"}
    identity = iam.create_role(**trust)["Role"]["RoleId"]
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket="data", Policy=document("s3:GetObject"))
    key = kms.create_key(Policy=document("kms:Decrypt"))["KeyMetadata"]["KeyId"]
    secrets.create_secret(Name="token")
    secrets.put_resource_policy(SecretId="token", ResourcePolicy=document("secretsmanager:*"))
    queue = sqs.create_queue(QueueName="q", Attributes={"Policy": document("sqs:SendMessage")})
    trusting = {"RoleName": "other", "AssumeRolePolicyDocument": document("sts:AssumeRole")}
    iam.create_role(**trusting)

    iam.delete_role(RoleName="reader")
    assert iam.create_role(**trust)["Role"]["RoleId"] != identity
    attributes = sqs.get_queue_attributes(QueueUrl=queue["QueueUrl"], AttributeNames=["Policy"])
    for policy in (
        s3.get_bucket_policy(Bucket="data")["Policy"],
        kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
        secrets.get_resource_policy(SecretId="token")["ResourcePolicy"],
        attributes["Attributes"]["Policy"],
        json.dumps(iam.get_role(RoleName="other")["Role"]["AssumeRolePolicyDocument"]),
    ):
        assert principals(policy) == [ROOT, identity]
