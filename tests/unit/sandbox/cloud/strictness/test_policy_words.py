"""The emulator refuses policies with actions, resources and condition keys that do not exist."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.cloud.strictness import policy_words
from tests.unit.sandbox.cloud.strictness.conftest import Strict
from tests.unit.sandbox.cloud.strictness.test_policy_principals import ACCOUNT, PLACES, policy

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def identity(action: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.filterwarnings("ignore:Exception.S3ControlError")
@pytest.mark.parametrize("place", PLACES)
def test_a_policy_of_a_resource_names_actions_that_exist(strict: Strict, place: str) -> None:
    prepare, action, resource, _ = PLACES[place]
    write = prepare(strict(policy_words))
    with pytest.raises(ClientError, match=rf"the action {action}s does not exist"):
        write(policy(f"{action}s", resource, ROOT), "refused")
    write(policy(action, resource, ROOT), "taken")


def test_a_policy_of_an_identity_is_read_as_well(strict: Strict) -> None:
    iam = strict(policy_words)("iam")
    iam.create_role(RoleName="one", AssumeRolePolicyDocument="{}")
    wrong = identity("kms:Decrypt", Condition={"StringEquals": {"kms:ViaServices": "s3"}})
    named = {"PolicyName": "one"}
    with pytest.raises(ClientError, match="kms:ViaServices does not exist") as refused:
        iam.put_role_policy(RoleName="one", **named, PolicyDocument=wrong)
    assert refused.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.create_policy(**named, PolicyDocument=wrong)
    right = identity("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3"}})
    iam.put_role_policy(RoleName="one", **named, PolicyDocument=right)
    made = iam.create_policy(**named, PolicyDocument=right)["Policy"]["Arn"]
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.create_policy_version(PolicyArn=made, PolicyDocument=wrong)
