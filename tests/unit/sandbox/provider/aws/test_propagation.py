"""The provider waits until other services see a new role, as the official one does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from stackyard_sandbox import settling
from stackyard_sandbox.cloud.strictness import checked, policy_principals
from stackyard_sandbox.provider.aws import propagation

ACCOUNT, REGION = "123456789012", "eu-central-1"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(checked, "put_in_place", monkeypatch.setattr)
    policy_principals.install()
    monkeypatch.setenv(settling.VARIABLE, "0.6")
    monkeypatch.setattr(propagation, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(propagation, "LEAST_SECONDS", 0)
    with mock_aws():
        yield boto3.Session("test", "test", region_name=REGION).client


def policy(action: str, principal: str) -> str:
    named = {"Effect": "Allow", "Action": action, "Principal": {"AWS": principal}}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**named, "Resource": "*"}]})


def test_a_key_that_names_a_new_role_is_made_once_kms_sees_it(clients: Any) -> None:
    made = clients("iam").create_role(RoleName="new", AssumeRolePolicyDocument="{}")
    document = policy("kms:*", made["Role"]["Arn"])
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        clients("kms").create_key(Policy=document)
    waiting = clients("kms")
    propagation.wait_out(waiting)
    assert waiting.create_key(Policy=document)["KeyMetadata"]["KeyId"]


def test_a_role_that_does_not_come_is_an_error_in_the_end(clients: Any) -> None:
    waiting = clients("kms")
    propagation.wait_out(waiting)
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        waiting.create_key(Policy=policy("kms:*", f"arn:aws:iam::{ACCOUNT}:role/never"))


def test_another_error_is_not_waited_out(clients: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propagation, "LEAST_SECONDS", 3_600)
    waiting = clients("kms")
    propagation.wait_out(waiting)
    with pytest.raises(ClientError, match="NotFoundException"):
        waiting.describe_key(KeyId="alias/none")
