"""The emulator knows names in use as IAM and Secrets Manager do."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.cloud.strictness import names_in_use
from tests.unit.sandbox.cloud.strictness.conftest import Strict


def test_names_in_iam_do_not_differ_by_case(strict: Strict) -> None:
    iam = strict(names_in_use)("iam")
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.create_role(RoleName="Trainer", AssumeRolePolicyDocument="{}")
    iam.create_policy(PolicyName="Bounds", PolicyDocument=document)
    iam.create_instance_profile(InstanceProfileName="Nodes")
    with pytest.raises(ClientError, match=r"EntityAlreadyExists.*trainer already exists"):
        iam.create_role(RoleName="trainer", AssumeRolePolicyDocument="{}")
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        iam.create_policy(PolicyName="bounds", PolicyDocument=document)
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        iam.create_instance_profile(InstanceProfileName="nodes")
    iam.create_role(RoleName="trainer-2", AssumeRolePolicyDocument="{}")


def test_the_name_of_a_deleted_secret_is_in_use_until_its_window_ends(strict: Strict) -> None:
    secrets = strict(names_in_use)("secretsmanager")
    secrets.create_secret(Name="token", SecretString="a")
    secrets.delete_secret(SecretId="token", RecoveryWindowInDays=7)
    with pytest.raises(ClientError, match=r"InvalidRequest.*scheduled for deletion"):
        secrets.create_secret(Name="token", SecretString="b")
    secrets.delete_secret(SecretId="token", ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name="token", SecretString="b")
