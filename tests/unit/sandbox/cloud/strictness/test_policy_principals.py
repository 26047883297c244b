"""The emulator refuses policies that name users and roles that do not exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard.vault.key_policies import key_policy
from stackyard_sandbox.cloud.strictness import policy_principals
from tests.unit.sandbox.cloud.strictness.conftest import Strict

ACCOUNT, REGION = "123456789012", "eu-central-1"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"
MISSING = f"arn:aws:iam::{ACCOUNT}:user/gone"
ELSEWHERE = "arn:aws:iam::210987654321:role/of-another-account"

Write = Callable[[str, str], Any]


def policy(action: str, resource: str | None, *principals: str) -> str:
    named = {"Effect": "Allow", "Action": action, "Principal": {"AWS": list(principals)}}
    statement = named | ({"Resource": resource} if resource else {})
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def trust(clients: Any) -> Write:
    made = clients("iam").create_role
    return lambda document, name: made(RoleName=name, AssumeRolePolicyDocument=document)


def bucket(clients: Any) -> Write:
    s3 = clients("s3")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})
    return lambda document, _: s3.put_bucket_policy(Bucket="data", Policy=document)


def access_point(clients: Any) -> Write:
    s3 = clients("s3control")
    bucket(clients)
    s3.create_access_point(AccountId=ACCOUNT, Name="point", Bucket="data")
    return lambda document, _: s3.put_access_point_policy(
        AccountId=ACCOUNT, Name="point", Policy=document
    )


def secret(clients: Any) -> Write:
    secrets = clients("secretsmanager")
    secrets.create_secret(Name="token")
    return lambda document, _: secrets.put_resource_policy(
        SecretId="token", ResourcePolicy=document
    )


def topic(clients: Any) -> Write:
    sns = clients("sns")
    arn = sns.create_topic(Name="alarms")["TopicArn"]
    return lambda document, _: sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=document
    )


def queue(clients: Any) -> Write:
    create = clients("sqs").create_queue
    return lambda document, name: create(QueueName=name, Attributes={"Policy": document})


def repository(clients: Any) -> Write:
    ecr = clients("ecr")
    ecr.create_repository(repositoryName="base")
    return lambda document, _: ecr.set_repository_policy(repositoryName="base", policyText=document)


def file_system(clients: Any) -> Write:
    efs = clients("efs")
    made = efs.create_file_system(CreationToken="shared")["FileSystemId"]
    return lambda document, _: efs.put_file_system_policy(FileSystemId=made, Policy=document)


PLACES: dict[str, tuple[Any, str, str | None, str]] = {
    "trust": (trust, "sts:AssumeRole", None, "MalformedPolicyDocument.*user/gone"),
    "bucket": (bucket, "s3:GetObject", "arn:aws:s3:::data/*", "MalformedPolicy"),
    "access point": (access_point, "s3:GetObject", "*", "MalformedPolicy"),
    "secret": (secret, "secretsmanager:GetSecretValue", "*", "unsupported principal"),
    "topic": (topic, "sns:Publish", "*", "PrincipalNotFound"),
    "queue": (queue, "sqs:SendMessage", "*", "Invalid value for the parameter Policy"),
    "repository": (repository, "ecr:BatchGetImage", None, "Invalid repository policy"),
    "file system": (file_system, "elasticfilesystem:ClientMount", "*", "InvalidPolicy"),
}


# The emulator warns of errors that a service's description lacks, as S3 Control's lacks all.
@pytest.mark.filterwarnings("ignore:Exception.S3ControlError")
@pytest.mark.parametrize("place", PLACES)
def test_a_policy_names_users_and_roles_that_exist(strict: Strict, place: str) -> None:
    clients = strict(policy_principals)
    prepare, action, resource, message = PLACES[place]
    write = prepare(clients)
    for principals in ((MISSING,), (ADMIN,)):
        with pytest.raises(ClientError, match="Policy") as refused:
            write(policy(action, resource, *principals), "refused")
        if principals == (MISSING,):
            refused.match(message)
    clients("iam").create_role(RoleName="admin", AssumeRolePolicyDocument="{}")
    write(policy(action, resource, ADMIN, ELSEWHERE, f"arn:aws:iam::{ACCOUNT}:root"), "taken")


def test_a_key_names_administrators_that_exist(strict: Strict) -> None:
    clients = strict(policy_principals)
    kms = clients("kms")

    def document(*admins: str) -> str:
        return json.dumps(key_policy("secrets", account=ACCOUNT, region=REGION, admins=admins))

    with pytest.raises(ClientError, match=r"MalformedPolicyDocument.*invalid principals"):
        kms.create_key(Policy=document(ADMIN))
    clients("iam").create_role(RoleName="admin", AssumeRolePolicyDocument="{}")
    key = kms.create_key(Policy=document(ADMIN))["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(ADMIN, MISSING))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(ADMIN, ELSEWHERE))
