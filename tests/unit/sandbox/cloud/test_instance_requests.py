"""What a request of EC2 asks of IAM: each resource, with the tags that it is to get."""

from __future__ import annotations

import pytest

from stackyard_sandbox.cloud.iam.instance_requests import questions
from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, allowed

ACCOUNT, REGION = "123456789012", "eu-central-1"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
FLEET = {
    "Type": "instant",
    "TargetCapacitySpecification.DefaultTargetCapacityType": "spot",
    "TargetCapacitySpecification.TotalTargetCapacity": "1",
    "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName": "none",
    "LaunchTemplateConfigs.1.Overrides.1.SubnetId": "subnet-1",
    "LaunchTemplateConfigs.1.Overrides.1.ImageId": "ami-1",
    "TagSpecification.1.ResourceType": "instance",
    "TagSpecification.1.Tag.1.Key": "Owner",
    "TagSpecification.1.Tag.1.Value": "us",
}


def test_a_fleet_asks_for_all_that_it_uses_and_makes() -> None:
    found = questions("CreateFleet", FLEET, REGION, ACCOUNT)
    assert found is not None
    by_action: dict[str, set[str]] = {}
    for action, resource, _ in found:
        by_action.setdefault(action, set()).add(resource)
    launched = {
        f"arn:aws:ec2:{REGION}::image/ami-1",
        f"{EC2}:subnet/subnet-1",
        f"{EC2}:instance/*",
        f"{EC2}:volume/*",
        f"{EC2}:network-interface/*",
        f"{EC2}:spot-instances-request/*",
    }
    assert by_action == {
        "ec2:CreateFleet": {f"{EC2}:fleet/*"} | launched,
        "ec2:RunInstances": launched,
        "ec2:CreateTags": {f"{EC2}:instance/*"},
    }
    tagged = {"aws:requesttag/owner": "us", "aws:tagkeys": "Owner"}
    assert ("ec2:RunInstances", f"{EC2}:instance/*", tagged) in found
    assert ("ec2:RunInstances", f"{EC2}:volume/*", {}) in found
    created = {**tagged, "ec2:createaction": "CreateFleet"}
    assert ("ec2:CreateTags", f"{EC2}:instance/*", created) in found


def test_ends_and_tags_are_asked_for_one_by_one() -> None:
    ended = questions("TerminateInstances", {"InstanceId.1": "i-1", "InstanceId.2": "i-2"}, *PLACE)
    assert ended == [("ec2:TerminateInstances", f"{EC2}:instance/i-{at}", {}) for at in (1, 2)]
    tags = {"ResourceId.1": "subnet-1", "Tag.1.Key": "a", "Tag.1.Value": "b"}
    facts = {"aws:requesttag/a": "b", "aws:tagkeys": "a"}
    assert questions("CreateTags", tags, *PLACE) == [
        ("ec2:CreateTags", f"{EC2}:subnet/subnet-1", facts)
    ]
    assert questions("DescribeInstances", {}, *PLACE) is None


PLACE = (REGION, ACCOUNT)


@pytest.mark.parametrize(
    ("operator", "keys", "permitted"),
    [
        ("ForAllValues:StringEquals", "Name\nOwner", True),
        ("ForAllValues:StringEquals", "Name\nOther", False),
        ("ForAllValues:StringEquals", None, True),
        ("ForAnyValue:StringEquals", "Other\nName", True),
        ("ForAnyValue:StringEquals", "Other", False),
        ("ForAnyValue:StringEquals", None, False),
    ],
)
def test_keys_with_several_values(operator: str, keys: str | None, permitted: bool) -> None:
    facts = {} if keys is None else {"aws:tagkeys": keys}
    asked = Asked("ec2:CreateTags", "*", frozenset(), ACCOUNT, facts)
    condition = {operator: {"aws:TagKeys": ["Name", "Owner"]}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    assert allowed(asked, [{"Statement": [statement]}]) is permitted


def test_whatever_is_created_with_tags_needs_the_right_to_tag() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html"""
    tags = {
        "TagSpecification.1.ResourceType": "vpc",
        "TagSpecification.1.Tag.1.Key": "a",
        "TagSpecification.1.Tag.1.Value": "b",
    }
    facts = {"aws:requesttag/a": "b", "aws:tagkeys": "a"}
    assert questions("CreateVpc", {"CidrBlock": "10.0.0.0/16", **tags}, *PLACE) == [
        ("ec2:CreateVpc", "*", facts),
        ("ec2:CreateTags", f"{EC2}:vpc/*", {**facts, "ec2:createaction": "CreateVpc"}),
    ]
    assert questions("CreateVpc", {"CidrBlock": "10.0.0.0/16"}, *PLACE) is None
