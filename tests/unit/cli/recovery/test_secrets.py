"""Secrets in their recovery window, on the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from stackyard.naming import StackId
from stackyard_cli.errors import StackyardError
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


def test_a_value_that_can_still_be_saved_stops_the_run(account: Account) -> None:
    vault, kms = account.client("secretsmanager"), account.client("kms")
    key = kms.create_key()["KeyMetadata"]
    for name, own in (("a", key["Arn"]), ("b", None)):
        vault.delete_secret(SecretId=make(account, name, key=own), RecoveryWindowInDays=7)
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    with pytest.raises(StackyardError, match="PendingDeletion") as caught:
        restored(account, STACK)
    assert f"cancel-key-deletion --key-id {key['Arn']}" in caught.value.hint
    assert all(vault.describe_secret(SecretId=name)["DeletedDate"] for name in ("a", "b"))
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    kms.enable_key(KeyId=key["KeyId"])
    assert set(restored(account, STACK)) == {"a", "b"}
    assert vault.get_secret_value(SecretId="a")["SecretString"] == "value"


def test_one_whose_key_does_not_exist_any_more_gives_its_name_free(account: Account) -> None:
    vault = account.client("secretsmanager")
    key = "arn:aws:kms:eu-central-1:123456789012:key/5b5c6d9e-0000-0000-0000-000000000000"
    vault.delete_secret(SecretId=make(account, "a", key=key), RecoveryWindowInDays=7)
    assert restored(account, STACK) == {}
    with pytest.raises(ClientError, match="ResourceNotFound"):
        vault.describe_secret(SecretId="a")
    assert make(account, "a")
