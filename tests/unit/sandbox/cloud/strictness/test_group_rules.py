"""The emulator modifies rules of security groups as EC2 does."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ec2.models.security_groups import SecurityGroupBackend

from stackyard_sandbox.cloud.strictness import descriptions, group_rules

METHODS = (
    "create_security_group",
    "modify_security_group_rules",
    "authorize_security_group_ingress",
    "authorize_security_group_egress",
)
IPV4, IPV6 = {"CidrIpv4": "10.0.0.0/8"}, {"CidrIpv6": "fd00::/8"}
LIST = {"PrefixListId": "pl-00000000000000001"}


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in METHODS:
        monkeypatch.setattr(SecurityGroupBackend, name, getattr(SecurityGroupBackend, name))
    descriptions.install()
    group_rules.install()
    with mock_aws():
        yield boto3.Session("test", "test", region_name="eu-central-1").client("ec2")


def made(ec2: Any, **source: Any) -> tuple[str, str]:
    group = str(ec2.create_security_group(GroupName="g", Description="g")["GroupId"])
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **source}
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return group, str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def modify(ec2: Any, group: str, rule: str, source: dict[str, str]) -> dict[str, Any]:
    new = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **source}
    change = {"SecurityGroupRuleId": rule, "SecurityGroupRule": new}
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[change])
    (found,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    return dict(found)


def test_the_model_says_that_a_rule_keeps_its_kind() -> None:
    model = botocore.session.get_session().get_service_model("ec2")
    text = html.unescape(model.shape_for("SecurityGroupRuleRequest").documentation)
    assert "you cannot change the rule type" in text
    members = set(model.shape_for("SecurityGroupRuleRequest").members)
    assert set(group_rules.KINDS) <= members


@pytest.mark.parametrize("other", [IPV6, LIST, {"ReferencedGroupId": "sg-00000000000000001"}])
def test_another_kind_of_source_is_refused(ec2: Any, other: dict[str, str]) -> None:
    group, rule = made(ec2, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*You may not specify"):
        modify(ec2, group, rule, other)


def test_addresses_are_changed_and_descriptions_still_checked(ec2: Any) -> None:
    group, rule = made(ec2, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    assert modify(ec2, group, rule, IPV4)["CidrIpv4"] == "10.0.0.0/8"
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*Description"):
        modify(ec2, group, rule, {**IPV4, "Description": "the cluster's"})


def test_a_list_and_a_group_are_changed_too(ec2: Any) -> None:
    group, rule = made(ec2, PrefixListIds=[{"PrefixListId": "pl-00000000000000009"}])
    assert modify(ec2, group, rule, LIST)["PrefixListId"] == LIST["PrefixListId"]
    names = ("one", "two")
    first, second = (
        ec2.create_security_group(GroupName=name, Description="g")["GroupId"] for name in names
    )
    pair = [{"GroupId": first}]
    allowed = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": pair}
    answer = ec2.authorize_security_group_ingress(GroupId=second, IpPermissions=[allowed])
    rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    found = modify(ec2, second, rule, {"ReferencedGroupId": second})
    assert found["ReferencedGroupInfo"]["GroupId"] == second
