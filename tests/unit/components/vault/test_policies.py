from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pydantic import ValidationError

from stackyard.aws_location import AwsLocation
from stackyard.vault.break_glass import policy
from stackyard.vault.config import PURPOSES, SecretStoreConfig, VaultConfig
from stackyard.vault.key_policies import ADMINISTER, USE, emergency_trust, key_policy
from stackyard.vault.secret_policies import secret_policy

ACCOUNT, REGION = "123456789012", "eu-central-1"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"


def by_sid(policy: dict[str, Any]) -> dict[str, Any]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def policy_for(purpose: Any, admins: list[str]) -> dict[str, Any]:
    return by_sid(key_policy(purpose, account=ACCOUNT, region=REGION, admins=admins))


def test_administrators_of_a_key_cannot_read_with_it() -> None:
    assert set(ADMINISTER) & (set(USE) - {"kms:DescribeKey"}) == set()
    assert "kms:CreateGrant" not in ADMINISTER
    assert policy_for("data", [ADMIN])["Administer"]["Principal"] == {"AWS": [ADMIN]}


def test_only_the_logs_key_is_open_to_services_and_only_for_this_account() -> None:
    for purpose in PURPOSES:
        services = {
            sid
            for sid, statement in policy_for(purpose, [ADMIN]).items()
            if "Service" in statement["Principal"]
        }
        own = {"EncryptLogs", "EncryptAlerts", "EncryptAudit"}
        assert services == (own if purpose == "logs" else set())
    alerts = policy_for("logs", [ADMIN])["EncryptAlerts"]
    assert alerts["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    use = policy_for("logs", [ADMIN])["EncryptLogs"]
    assert use["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"
    }


def test_a_policy_without_administrators_has_no_empty_principal() -> None:
    assert list(policy_for("data", [])) == ["EnableIamPolicies"]


def test_everyone_but_readers_and_the_emergency_role_is_denied_the_value() -> None:
    glass = f"arn:aws:iam::{ACCOUNT}:role/glass"
    policy = by_sid(secret_policy(readers=[READER], writers=[ADMIN], emergency=[glass]))
    assert policy["Read"]["Principal"] == {"AWS": [READER]}
    read, write = policy["DenyReadToOthers"], policy["DenyWriteToOthers"]
    assert (read["Effect"], read["Principal"]) == ("Deny", "*")
    assert read["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": [glass, READER]}}
    assert write["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": [ADMIN]}}
    assert "secretsmanager:GetSecretValue" in read["Action"]
    assert "secretsmanager:PutSecretValue" in write["Action"]


def test_glass_is_broken_by_named_people_with_a_second_factor() -> None:
    person = f"arn:aws:iam::{ACCOUNT}:user/on-call"
    (statement,) = emergency_trust([person])["Statement"]
    assert statement["Principal"] == {"AWS": [person]}
    assert statement["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    opens = by_sid(policy("arn:key", "dev", AwsLocation(ACCOUNT, REGION)))
    assert opens["OpenKey"]["Resource"] == ["arn:key"]
    assert (
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:*/*/dev/*"
        in (opens["OpenSecrets"]["Resource"])
    )


@mock_aws
def test_the_services_take_the_documents() -> None:
    iam = boto3.client("iam")
    for arn in (ADMIN, READER):  # key policies name principals that exist
        iam.create_role(RoleName=arn.rpartition("/")[2], AssumeRolePolicyDocument="{}")
    kms = boto3.client("kms", region_name=REGION)
    text = json.dumps(key_policy("logs", account=ACCOUNT, region=REGION, admins=[ADMIN]))
    key = kms.create_key(Policy=text)["KeyMetadata"]["KeyId"]
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="one")
    document = json.dumps(secret_policy(readers=[READER], writers=[ADMIN], emergency=[ADMIN]))
    secrets.put_resource_policy(SecretId="one", ResourcePolicy=document)


@pytest.mark.parametrize(
    ("model", "value", "message"),
    [
        (VaultConfig, {"rotation_days": 30}, "greater than or equal to 90"),
        (VaultConfig, {"rotation_days": 3000}, "less than or equal to 2560"),
        (VaultConfig, {"break_glass": [f"arn:aws:iam::{ACCOUNT}:role/admin"]}, "user/"),
        (VaultConfig, {"deletion_window_days": 5}, "greater than or equal to 7"),
        (SecretStoreConfig, {"recovery_days": 3}, "recovery_days"),
        (SecretStoreConfig, {"entries": {"db": {"readers": [], "description": "x"}}}, "at least 1"),
        (
            SecretStoreConfig,
            {"entries": {"db": {"readers": ["a1"], "description": "x", "value": "hunter2"}}},
            "Extra inputs",
        ),
    ],
)
def test_impossible_vaults_are_refused(model: Any, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(value)
