"""The emulator has the quotas of a new account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.cloud.strictness import account_limits
from tests.unit.sandbox.cloud.strictness.conftest import Strict


def full(make: Callable[[int], Any], most: int, code: str) -> None:
    """Assert that this many can be made, and one more is refused with the service's code."""
    for number in range(most):
        make(number)
    with pytest.raises(ClientError, match=code):
        make(most)


def test_a_region_has_five_vpcs_with_the_default_one(strict: Strict) -> None:
    ec2 = strict(account_limits)("ec2")
    full(lambda n: ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16"), 4, "VpcLimitExceeded")


def test_a_region_has_five_addresses_and_gateways(strict: Strict) -> None:
    ec2 = strict(account_limits)("ec2")
    full(lambda _: ec2.allocate_address(Domain="vpc"), 5, "AddressLimitExceeded")
    full(lambda _: ec2.create_internet_gateway(), 5, "InternetGatewayLimitExceeded")


def test_an_interface_has_five_groups(strict: Strict) -> None:
    ec2 = strict(account_limits)("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    groups = [
        ec2.create_security_group(GroupName=f"g{n}", Description="g", VpcId=vpc)["GroupId"]
        for n in range(6)
    ]
    with pytest.raises(ClientError, match="SecurityGroupsPerInterfaceLimitExceeded"):
        ec2.create_network_interface(SubnetId=subnet, Groups=groups)
    made = ec2.create_network_interface(SubnetId=subnet, Groups=groups[:5])["NetworkInterface"]
    interface = made["NetworkInterfaceId"]
    with pytest.raises(ClientError, match="SecurityGroupsPerInterfaceLimitExceeded"):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)


def test_a_rule_has_five_targets_and_keeps_them(strict: Strict) -> None:
    events = strict(account_limits)("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.s3"]}))

    def target(number: int) -> None:
        arn = f"arn:aws:sqs:eu-central-1:123456789012:q{number}"
        events.put_targets(Rule="r", Targets=[{"Id": f"t{number}", "Arn": arn}])

    full(target, 5, "LimitExceededException")
    target(0)


def test_a_region_has_25_workspaces(strict: Strict) -> None:
    amp = strict(account_limits)("amp")
    full(lambda n: amp.create_workspace(alias=f"w{n}"), 25, "ServiceQuotaExceeded")
