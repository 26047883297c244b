"""What the lakeFS server may do, and what it may not be given."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.access.evaluator import Request, decide
from stackyard.aws_location import AwsLocation
from stackyard.datasets import lakefs
from stackyard.naming import StackId

STACK = StackId("vision", "defects", "dev")
ROLE = "arn:aws:iam::123456789012:role/lakefs"
KEYS = {"data": "arn:data", "secrets": "arn:secrets"}
POLICY = lakefs.server_policy(STACK, ["labels"], AwsLocation("123456789012", "eu-central-1"), KEYS)
VAULT = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:vision/defects/dev"


def may(action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    return decide(Request(ROLE, action, resource, context or {}), POLICY).allowed


def test_branches_stay_in_their_directory() -> None:
    assert may("s3:PutObject", "arn:aws:s3:::labels/lakefs/parts/data/1")
    assert may("s3:DeleteObject", "arn:aws:s3:::labels/lakefs/parts/data/1")
    assert not may("s3:GetObject", "arn:aws:s3:::labels/work/1")
    assert not may("s3:PutObject", "arn:aws:s3:::photos/lakefs/parts/data/1")


@pytest.mark.parametrize(
    ("listed", "allowed"), [("lakefs/parts/", True), ("work/", False), ("", False)]
)
def test_other_directories_are_not_even_listed(listed: str, allowed: bool) -> None:
    assert may("s3:ListBucket", "arn:aws:s3:::labels", {"s3:prefix": listed}) is allowed


def test_it_opens_its_own_secrets_only() -> None:
    assert may("secretsmanager:GetSecretValue", f"{VAULT}/lakefs-database-AbCdEf")
    assert may("secretsmanager:PutSecretValue", f"{VAULT}/lakefs-key-AbCdEf")
    assert not may("secretsmanager:PutSecretValue", f"{VAULT}/lakefs-database-AbCdEf")
    assert not may("secretsmanager:GetSecretValue", f"{VAULT}/tracking-database-AbCdEf")


def test_no_secret_is_in_the_servers_command_or_environment() -> None:
    program = lakefs.server_program("eu-central-1")
    assert program.command[-1] == lakefs.CONFIG
    assert not {"DATABASE", "SECRET"} & {
        part for name in program.environment for part in name.split("_")
    }
