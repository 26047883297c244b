"""The emulator refuses descriptions of security groups that EC2 refuses."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ec2.models.security_groups import SecurityGroupBackend

from stackyard_sandbox.cloud.strictness import descriptions

GROUP = "PostgreSQL from the nodes of the cluster"
APOSTROPHE = "PostgreSQL from the cluster's nodes"
METHODS = (
    "create_security_group",
    "modify_security_group_rules",
    "authorize_security_group_ingress",
    "authorize_security_group_egress",
)


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in METHODS:
        monkeypatch.setattr(SecurityGroupBackend, name, getattr(SecurityGroupBackend, name))
    descriptions.install()
    with mock_aws():
        yield boto3.Session("test", "test", region_name="eu-central-1").client("ec2")


def documented(operation: str, member: str) -> str:
    """Return what botocore's model of EC2 says about a parameter."""
    model = botocore.session.get_session().get_service_model("ec2")
    shape = model.operation_model(operation).input_shape.members[member]
    return html.unescape(re.sub(r"<[^>]+>", " ", shape.documentation))


def make_group(ec2: Any, **changes: str) -> str:
    group = {"GroupName": "g", "Description": GROUP, **changes}
    return str(ec2.create_security_group(**group)["GroupId"])


def test_the_characters_are_those_of_the_api_reference() -> None:
    text = documented("CreateSecurityGroup", "Description")
    found = re.search(r"a-z, A-Z, 0-9, spaces, and (\S+)", text)
    assert found is not None
    assert descriptions.ALLOWED.fullmatch(found[1])
    beyond = [chr(code) for code in range(32, 127) if chr(code) not in f"{found[1]} "]
    assert [
        each for each in beyond if descriptions.ALLOWED.fullmatch(each) and not each.isalnum()
    ] == []


@pytest.mark.parametrize("text", [APOSTROPHE, "größer", "a" * 256, 'say "x"', "a|b", "50%"])
def test_a_group_takes_no_other_characters(ec2: Any, text: str) -> None:
    assert make_group(ec2).startswith("sg-")
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*GroupDescription"):
        make_group(ec2, GroupName="other", Description=text)


def test_rules_take_no_other_characters_either(ec2: Any) -> None:
    group = make_group(ec2)
    for source in (
        {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": APOSTROPHE}]},
        {"UserIdGroupPairs": [{"GroupId": group, "Description": APOSTROPHE}]},
    ):
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, **source}
        for add in (ec2.authorize_security_group_ingress, ec2.authorize_security_group_egress):
            with pytest.raises(ClientError, match="InvalidParameterValue"):
                add(GroupId=group, IpPermissions=[rule])


def test_a_rule_is_not_changed_to_other_characters(ec2: Any) -> None:
    group = make_group(ec2)
    source = {"CidrIp": "10.0.0.0/8", "Description": "VPC"}
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [source]}
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    identity = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    entry = {
        "SecurityGroupRuleId": identity,
        "SecurityGroupRule": {
            "IpProtocol": "tcp",
            "FromPort": 1,
            "ToPort": 1,
            "CidrIpv4": "10.0.0.0/8",
            "Description": APOSTROPHE,
        },
    }
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[entry])
