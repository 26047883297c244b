"""The emulator refuses a key policy that KMS refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.kms.models import KmsBackend

from stackyard.vault.key_policies import key_policy
from stackyard_sandbox.cloud.strictness import key_policies

ACCOUNT, REGION = "123456789012", "eu-central-1"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("create_key", "put_key_policy"):
        monkeypatch.setattr(KmsBackend, name, getattr(KmsBackend, name))
    key_policies.install()
    with mock_aws():
        yield boto3.Session("test", "test", region_name=REGION).client


def policy(*admins: str) -> str:
    return json.dumps(key_policy("secrets", account=ACCOUNT, region=REGION, admins=admins))


def test_a_key_names_administrators_that_exist(clients: Any) -> None:
    kms, name = clients("kms"), f"arn:aws:iam::{ACCOUNT}:role/admin"
    with pytest.raises(ClientError, match=r"MalformedPolicyDocument.*invalid principals"):
        kms.create_key(Policy=policy(name))
    clients("iam").create_role(RoleName="admin", AssumeRolePolicyDocument="{}")
    key = kms.create_key(Policy=policy(name))["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        kms.put_key_policy(
            KeyId=key,
            PolicyName="default",
            Policy=policy(name, f"arn:aws:iam::{ACCOUNT}:user/gone"),
        )
    other = "arn:aws:iam::210987654321:role/of-another-account"
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(name, other))
