"""The tag with a resource's name, on the types of the AWS SDK that accept it."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from stackyard.resource_tag import RESOURCE_TAG, named_by_tag


def tagged(kind: type[pulumi.Resource], token: str, tags: Any) -> Any:
    """Return the tags of a resource after the transformation; None if it was left alone."""
    resource = kind.__new__(kind)
    args = pulumi.ResourceTransformationArgs(
        resource, token, "one", {"tags": tags}, pulumi.ResourceOptions()
    )
    result = named_by_tag(args)
    return result and result.props["tags"]


@pytest.mark.parametrize(
    ("kind", "token"),
    [(aws.s3.Bucket, "aws:s3/bucket:Bucket"), (aws.ec2.Vpc, "aws:ec2/vpc:Vpc")],
)
def test_a_type_with_a_map_of_tags_gets_the_name(kind: Any, token: str) -> None:
    assert tagged(kind, token, {"team": "a"}) == {"team": "a", RESOURCE_TAG: f"{token}::one"}


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        (aws.iam.RolePolicy, "aws:iam/rolePolicy:RolePolicy"),  # no tags
        (aws.autoscaling.Group, "aws:autoscaling/group:Group"),  # a list of tags
        (pulumi.ComponentResource, "stackyard:index:Vault"),
    ],
)
def test_other_types_are_left_alone(kind: Any, token: str) -> None:
    assert tagged(kind, token, None) is None
