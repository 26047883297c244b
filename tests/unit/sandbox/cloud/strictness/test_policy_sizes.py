"""The emulator refuses policies that IAM refuses for their size or number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam.models import IAMBackend

from stackyard_sandbox.cloud.strictness import policy_sizes

METHODS = (
    "attach_role_policy",
    "create_policy",
    "create_policy_version",
    "create_role",
    "put_role_policy",
    "update_assume_role_policy",
)


def document(size: int, *, blanks: int = 0, **more: Any) -> str:
    """A document of exactly so many characters, and white space."""
    made = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Sid": "", **more}]}
    bare = len(json.dumps(made, separators=(",", ":")))
    made["Statement"][0]["Sid"] = "x" * (size - bare)  # type: ignore[index]  # a list of maps
    return json.dumps(made, separators=(",", ":")) + " " * blanks


def trust(size: int, **more: int) -> str:
    return document(
        size, Action="sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"}, **more
    )


def policy(size: int, **more: int) -> str:
    return document(size, Action="s3:GetObject", Resource="*", **more)


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in METHODS:
        monkeypatch.setattr(IAMBackend, name, getattr(IAMBackend, name))
    policy_sizes.install()
    with mock_aws():
        client = boto3.Session("test", "test", region_name="eu-central-1").client("iam")
        client.create_role(RoleName="role", AssumeRolePolicyDocument=trust(2_048, blanks=100))
        yield client


def test_a_trust_policy_has_2048_characters(iam: Any) -> None:
    with pytest.raises(ClientError, match="ACLSizePerRole: 2048"):
        iam.create_role(RoleName="more", AssumeRolePolicyDocument=trust(2_049))
    with pytest.raises(ClientError, match="ACLSizePerRole: 2048"):
        iam.update_assume_role_policy(RoleName="role", PolicyDocument=trust(2_049))
    iam.update_assume_role_policy(RoleName="role", PolicyDocument=trust(2_048))


def test_inline_policies_of_a_role_share_10240_characters(iam: Any) -> None:
    iam.put_role_policy(RoleName="role", PolicyName="a", PolicyDocument=policy(10_000))
    iam.put_role_policy(RoleName="role", PolicyName="b", PolicyDocument=policy(240, blanks=9))
    iam.put_role_policy(RoleName="role", PolicyName="b", PolicyDocument=policy(240))
    with pytest.raises(ClientError, match="Maximum policy size of 10240 bytes exceeded"):
        iam.put_role_policy(RoleName="role", PolicyName="b", PolicyDocument=policy(241))


def test_a_managed_policy_has_6144_characters_and_a_role_ten_of_them(iam: Any) -> None:
    with pytest.raises(ClientError, match="PolicySize: 6144"):
        iam.create_policy(PolicyName="large", PolicyDocument=policy(6_145))
    for number in range(11):
        made = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(6_144))
        arn = made["Policy"]["Arn"]
        if number < 10:
            iam.attach_role_policy(RoleName="role", PolicyArn=arn)
            iam.attach_role_policy(RoleName="role", PolicyArn=arn)
    with pytest.raises(ClientError, match="PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName="role", PolicyArn=arn)
    with pytest.raises(ClientError, match="PolicySize: 6144"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(6_145))
