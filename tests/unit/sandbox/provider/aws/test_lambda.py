"""Deleting a function, with botocore's own check of what is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
from botocore.stub import Stubber

from stackyard_sandbox.provider.aws.lambda_ import Function


def test_network_interfaces_leave_their_groups_before_the_function_goes() -> None:
    client = boto3.Session("test", "test", region_name="eu-central-1").client("lambda")
    state: dict[str, Any] = {
        "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"], "vpcId": "vpc-1"},
        "replaceSecurityGroupsOnDestroy": True,
        "replacementSecurityGroupIds": ["sg-2"],
    }
    moved = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-2"]}
    with Stubber(client) as stub:
        stub.add_response(
            "update_function_configuration", {}, {"FunctionName": "f", "VpcConfig": moved}
        )
        stub.add_response("delete_function", {}, {"FunctionName": "f"})
        cloud: Any = SimpleNamespace(client=lambda _: client)
        Function().delete(cloud, "f", state)
        stub.assert_no_pending_responses()
