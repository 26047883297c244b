"""A key is enabled, disabled, given up and kept by its ARN."""

from __future__ import annotations

import boto3
from moto import mock_aws

from stackyard_sandbox.cloud.moto_patches import key_arns


@mock_aws
def test_a_key_is_named_by_its_arn() -> None:
    key_arns.install()
    client = boto3.client("kms", region_name="eu-central-1")
    key = client.create_key()["KeyMetadata"]["Arn"]

    def state() -> str:
        return str(client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])

    client.disable_key(KeyId=key)
    assert state() == "Disabled"
    client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert state() == "PendingDeletion"
    client.cancel_key_deletion(KeyId=key)
    assert state() == "Disabled"
    client.enable_key(KeyId=key)
    assert state() == "Enabled"
