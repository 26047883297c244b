"""The census of tagged resources, on the emulator: nodes that Karpenter made."""

from __future__ import annotations

import pytest
from moto import mock_aws

from stackyard.naming import StackId
from stackyard_cli.inventory.census import NODE_POOL_TAG, STACK_TAG, AwsCensus

STACK = StackId("platform", "services", "dev")


def test_a_node_is_of_its_pool_and_a_terminated_one_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        census = AwsCensus(STACK, "eu-central-1", {})
        ec2 = census.client("ec2")
        tags = [{"Key": STACK_TAG, "Value": str(STACK)}, {"Key": NODE_POOL_TAG, "Value": "general"}]
        made = ec2.run_instances(
            ImageId="ami-12c6146b",
            MinCount=2,
            MaxCount=2,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )["Instances"]
        kept, gone = (one["InstanceId"] for one in made)
        ec2.terminate_instances(InstanceIds=[gone])
        assert [(one.last, one.of_node_pool) for one in census.tagged()] == [(kept, True)]
