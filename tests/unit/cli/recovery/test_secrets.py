"""Secrets in their recovery window, on the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from stackyard.naming import StackId
from stackyard_cli.inventory.census import STACK_TAG
from stackyard_cli.recovery.secrets import restored

STACK, OTHER = StackId("vision", "defects", "staging"), StackId("vision", "defects", "dev")


class Account:
    def client(self, service: str) -> Any:
        return boto3.Session("test", "test", region_name="eu-central-1").client(service)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def make(account: Account, name: str, stack: StackId = STACK, key: str | None = None) -> str:
    """Make a secret with a value; return its ARN."""
    made = account.client("secretsmanager").create_secret(
        Name=name,
        SecretString="value",
        Tags=[{"Key": STACK_TAG, "Value": str(stack)}],
        **({"KmsKeyId": key} if key else {}),
    )
    return str(made["ARN"])


def test_what_waits_for_its_deletion_comes_back_with_its_value(account: Account) -> None:
    vault = account.client("secretsmanager")
    arn = make(account, "vision/defects/staging/camera-api")
    make(account, "vision/defects/staging/kept")
    vault.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    assert restored(account, STACK) == {"vision/defects/staging/camera-api": arn}
    assert vault.get_secret_value(SecretId=arn)["SecretString"] == "value"
    assert restored(account, STACK) == {}


def test_secrets_of_other_stacks_are_left_alone(account: Account) -> None:
    vault = account.client("secretsmanager")
    vault.delete_secret(SecretId=make(account, "a", OTHER), RecoveryWindowInDays=7)
    assert restored(account, STACK) == {}
    assert vault.describe_secret(SecretId="a")["DeletedDate"]


def test_one_that_nobody_can_read_any_more_gives_its_name_free(account: Account) -> None:
    vault, kms = account.client("secretsmanager"), account.client("kms")
    key = kms.create_key()["KeyMetadata"]
    vault.delete_secret(SecretId=make(account, "a", key=key["Arn"]), RecoveryWindowInDays=7)
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert restored(account, STACK) == {}
    with pytest.raises(ClientError, match="ResourceNotFound"):
        vault.describe_secret(SecretId="a")
    assert make(account, "a")
