"""What AWS asks of the caller beside the action called: on keys, and on the secret of a database.

That each action of CloudFormation's handlers is granted at all: `audits/judges/test_rights.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from stackyard import iam
from stackyard.access.evaluator import Request, decide
from stackyard_cli.bootstrap import boundaries, policies
from stackyard_cli.bootstrap.context import AccountContext, stage_tags
from stackyard_cli.bootstrap.permissions import TABLE, actions_of

ACCOUNT = "123456789012"
CONTEXT = AccountContext(
    "aws", ACCOUNT, "eu-central-1", "acme-state", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/state"
)
ACTIONS = actions_of(TABLE)
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/secrets"
MASTER = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:rds!db-1-AbCdEf"
OWN_SECRET = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:vision/x-AbCdEf"
ISSUER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/keys.acme.example"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/vision-defects-dev-trainer"


def may(action: str, resource: str, context: dict[str, Any]) -> bool:
    caller = f"arn:aws:iam::{ACCOUNT}:role/stackyard-apply-dev"
    asked = Request(caller, action, resource, context)
    own = iam.document(*policies.apply(CONTEXT, ACTIONS, "dev"))
    bounds = iam.document(*boundaries.of_applies(CONTEXT, ACTIONS))
    return decide(asked, own).allowed and decide(asked, bounds).allowed


def tags(where: str, stage: str = "dev") -> dict[str, Any]:
    return {f"aws:{where}Tag/{key}": value for key, value in stage_tags(stage).items()}


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("elasticfilesystem", "kms:GenerateDataKeyWithoutPlaintext"),
        ("rds", "kms:GenerateDataKey"),
    ],
)
def test_a_key_of_the_stage_is_used_through_the_service_only(service: str, action: str) -> None:
    via = {"kms:ViaService": f"{service}.eu-central-1.amazonaws.com"}
    assert may(action, KEY, tags("Resource") | via)
    assert not may(action, KEY, tags("Resource"))
    assert not may(action, KEY, tags("Resource", "prod") | via)
    assert not may(
        action, KEY, tags("Resource") | {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
    )


@pytest.mark.parametrize("action", ["kms:GenerateDataKey", "kms:Decrypt"])
def test_an_apply_gives_no_secret_a_value(action: str) -> None:
    """`UpdateSecret` changes a description, and may carry a value: only the key can refuse that.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    version = "kms:EncryptionContext:SecretVersionId"
    via = tags("Resource") | {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}
    checked = via | {version: "RequestToValidateKeyAccess"}
    assert may("secretsmanager:UpdateSecret", OWN_SECRET, tags("Resource"))
    assert may(action, KEY, checked)
    assert not may(action, KEY, via | {version: "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1"})
    assert not may(action, KEY, via)
    assert not may(action, KEY, checked | tags("Resource", "prod"))
    assert not may(action, KEY, checked | {"kms:ViaService": "s3.eu-central-1.amazonaws.com"})
    password = via | {version: "1", "aws:CalledVia": ["rds.amazonaws.com"]}
    assert may(action, KEY, password)
    assert not may(action, KEY, password | {"aws:CalledVia": ["cloudformation.amazonaws.com"]})


@pytest.mark.parametrize("action", ["kms:CreateGrant", "kms:RetireGrant", "kms:DescribeKey"])
def test_grants_of_repositories_and_disks(action: str) -> None:
    assert may(action, KEY, tags("Resource"))


@pytest.mark.parametrize("action", ["CreateSecret", "TagResource", "RotateSecret"])
def test_rds_makes_its_master_secret_in_our_name_and_nobody_else_does(action: str) -> None:
    """RDS gives it its own tags, `aws:rds:…`, and none of ours."""
    through = {
        "aws:CalledVia": ["rds.amazonaws.com"],
        "aws:RequestTag/aws:rds:primaryDBInstanceArn": "arn:aws:rds:eu-central-1:1:db:x",
    }
    name = f"secretsmanager:{action}"
    assert may(name, MASTER, through)
    assert not may(name, MASTER, {})
    assert not may(name, MASTER, {"aws:CalledVia": ["cloudformation.amazonaws.com"]})
    assert not may(name, OWN_SECRET, through)


def test_identity_providers_are_made_with_the_tags_of_the_stage() -> None:
    for action in ("iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"):
        assert may(action, ISSUER, tags("Request"))
        assert not may(action, ISSUER, {})
    assert not may(
        "iam:TagOpenIDConnectProvider", ISSUER, tags("Request") | tags("Resource", "prod")
    )


def test_a_changed_description_of_a_role() -> None:
    assert may("iam:UpdateRoleDescription", ROLE, tags("Resource"))


def test_what_another_stage_made_cannot_be_taken_over_by_its_tags() -> None:
    for action, resource in (
        ("kms:TagResource", KEY),
        ("secretsmanager:TagResource", OWN_SECRET),
        ("iam:TagRole", ROLE),
    ):
        assert may(action, resource, tags("Request"))
        assert not may(action, resource, tags("Request") | tags("Resource", "prod"))


def test_a_plan_of_a_state_machine_is_validated_by_both_roles() -> None:
    """The provider validates definitions while it plans, since version 5.67."""
    assert "states:ValidateStateMachineDefinition" in actions_of({"sfn.StateMachine"}).read
