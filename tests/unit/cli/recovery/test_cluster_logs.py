"""The log group that EKS writes after the end of its cluster does not stop the next apply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stackyard.iam import assumable_by
from stackyard.naming import StackId
from stackyard_cli.recovery import cluster_logs

STACK = StackId("platform", "foundation", "dev")
GROUP = "/aws/eks/platform-foundation-dev/cluster"


@pytest.fixture
def clients() -> Iterator[Any]:
    with mock_aws():
        yield boto3.Session("test", "test", region_name="eu-central-1").client


def groups(clients: Any) -> list[str]:
    return [one["logGroupName"] for one in clients("logs").describe_log_groups()["logGroups"]]


def test_a_group_without_cluster_and_tags_is_deleted(clients: Any) -> None:
    for name in (GROUP, f"{GROUP}-of-another"):
        clients("logs").create_log_group(logGroupName=name)
    done = cluster_logs.remove(STACK, "a@b.example", clients)
    assert str(done).startswith(f"deleted {GROUP}: EKS wrote it again")
    assert groups(clients) == [f"{GROUP}-of-another"]
    assert cluster_logs.remove(STACK, "a@b.example", clients) is None


def test_a_group_that_the_stage_keeps_stays(clients: Any) -> None:
    clients("logs").create_log_group(logGroupName=GROUP, tags={"stackyard:stack": str(STACK)})
    assert cluster_logs.remove(STACK, "a@b.example", clients) is None
    assert groups(clients) == [GROUP]


def test_the_group_of_a_cluster_stays(clients: Any) -> None:
    clients("logs").create_log_group(logGroupName=GROUP)
    trust = assumable_by({"Service": "eks.amazonaws.com"})
    role = clients("iam").create_role(RoleName="eks", AssumeRolePolicyDocument=json.dumps(trust))
    subnets = [one["SubnetId"] for one in clients("ec2").describe_subnets()["Subnets"]]
    clients("eks").create_cluster(
        name="platform-foundation-dev",
        roleArn=role["Role"]["Arn"],
        resourcesVpcConfig={"subnetIds": subnets},
    )
    assert cluster_logs.remove(STACK, "a@b.example", clients) is None
    assert groups(clients) == [GROUP]
