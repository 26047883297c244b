"""`examples/component-only` on the real engine: made, read back by boto3, unchanged, destroyed."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation as auto

from stackyard_sandbox.state import Sandbox
from stackyard_sandbox.toolchain import tool
from tests.support.clients import Clients

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "examples" / "component-only" / "__main__.py"
REGION, ACCOUNT = "eu-central-1", "123456789012"


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> auto.Stack:
    folder = tmp_path_factory.mktemp("state")
    engine = auto.PulumiCommand(root=str(tool("pulumi").parent.parent))

    def program() -> None:
        runpy.run_path(str(PROGRAM))

    made = auto.create_or_select_stack(
        stack_name="lab",
        project_name="component-only",
        program=program,
        opts=auto.LocalWorkspaceOptions(
            work_dir=str(folder),
            pulumi_command=engine,
            env_vars={
                **sandbox.engine_environment(),
                "PULUMI_BACKEND_URL": f"file://{folder}",
                "PULUMI_CONFIG_PASSPHRASE": "only for this test",
            },
        ),
    )
    made.set_config("aws:region", auto.ConfigValue(REGION))
    made.set_config("account", auto.ConfigValue(ACCOUNT))
    return made


@pytest.fixture(scope="module")
def outputs(stack: auto.Stack) -> dict[str, Any]:
    return {key: output.value for key, output in stack.up().outputs.items()}


def test_subnets_keys_and_closed_default_group_exist(outputs: dict[str, Any], aws: Clients) -> None:
    ec2, kms = aws("ec2"), aws("kms")
    found = ec2.describe_subnets(SubnetIds=list(outputs["subnets"].values()))["Subnets"]
    assert {item["AvailabilityZone"]: item["CidrBlock"] for item in found} == {
        "eu-central-1a": "10.99.0.0/22",
        "eu-central-1b": "10.99.4.0/22",
    }
    owners = {tag["Key"]: tag["Value"] for tag in found[0]["Tags"]}
    assert owners["owner"] == "me@example.com"
    in_vpc = [{"Name": "vpc-id", "Values": [outputs["vpc"]]}]
    groups = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    (default,) = [group for group in groups if group["GroupName"] == "default"]
    assert (default["IpPermissions"], default["IpPermissionsEgress"]) == ([], [])
    for purpose, arn in outputs["keys"].items():
        rotation = kms.get_key_rotation_status(KeyId=arn)
        assert (rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]) == (True, 180)
        policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
        services = {each["Sid"] for each in policy["Statement"] if "Service" in each["Principal"]}
        expected = {"EncryptLogs", "EncryptAlerts", "EncryptAudit"} if purpose == "logs" else set()
        assert services == expected
    aliases = {item["AliasName"] for item in kms.list_aliases()["Aliases"]}
    assert {f"alias/stackyard/lab/{purpose}" for purpose in outputs["keys"]} <= aliases


def test_private_subnets_leave_by_nat_and_reach_services_inside(
    outputs: dict[str, Any], aws: Clients
) -> None:
    ec2 = aws("ec2")
    in_vpc = [{"Name": "vpc-id", "Values": [outputs["vpc"]]}]
    tables = ec2.describe_route_tables(Filters=in_vpc)["RouteTables"]
    ways_out = {
        entry["SubnetId"]: [
            route.get("NatGatewayId") or route.get("GatewayId")
            for route in table["Routes"]
            if route.get("DestinationCidrBlock") == "0.0.0.0/0"
        ]
        for table in tables
        for entry in table["Associations"]
        if "SubnetId" in entry
    }
    for subnet in outputs["subnets"].values():
        assert [way.partition("-")[0] for way in ways_out[subnet]] == ["nat"]
    endpoints = ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    services = {item["ServiceName"].removeprefix(f"com.amazonaws.{REGION}.") for item in endpoints}
    assert services == {"s3", "ecr.api", "ecr.dkr", "sts"}
    (flow,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [outputs["vpc"]]}])[
        "FlowLogs"
    ]
    assert flow["TrafficType"] == "ALL"
    (group,) = aws("logs").describe_log_groups(logGroupNamePrefix="/stackyard/lab/")["logGroups"]
    assert (group["retentionInDays"], group["kmsKeyId"]) == (90, outputs["keys"]["logs"])


def test_an_unchanged_preview_shows_no_change_even_with_refresh(
    stack: auto.Stack, outputs: dict[str, Any]
) -> None:
    changes = stack.preview(refresh=True).change_summary
    assert set(changes) == {auto.OpType.SAME}


def test_destroy_leaves_no_network_and_schedules_the_keys(
    stack: auto.Stack, outputs: dict[str, Any], aws: Clients
) -> None:
    stack.destroy()
    vpcs = aws("ec2").describe_vpcs()["Vpcs"]
    assert outputs["vpc"] not in {vpc["VpcId"] for vpc in vpcs}
    states = {
        aws("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        for arn in outputs["keys"].values()
    }
    assert states == {"PendingDeletion"}
    assert aws("logs").describe_log_groups(logGroupNamePrefix="/stackyard/lab/")["logGroups"] == []
