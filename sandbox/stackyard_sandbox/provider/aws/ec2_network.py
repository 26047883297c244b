"""VPCs and subnets.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/ec2/vpc/ and
…/subnet/.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.ec2 import (
    delete_released,
    one,
    tagged,
    tags_of,
    update_tags,
)
from stackyard_sandbox.provider.aws.resource import Resource, changed, ignoring_missing
from stackyard_sandbox.provider.protocol import Properties

NAMES = Casing(
    names={
        "assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock",
        "ipv6CidrBlock": "Ipv6CidrBlock",
    }
)


class Vpc(Resource):
    """A virtual network."""

    token = "aws:ec2/vpc:Vpc"
    takes = (
        "cidrBlock",
        "instanceTenancy",
        "enableDnsSupport",
        "enableDnsHostnames",
        "assignGeneratedIpv6CidrBlock",
    )
    replaces = frozenset({"cidrBlock", "instanceTenancy"})
    defaults = {
        "instanceTenancy": "default",
        "enableDnsSupport": True,
        "enableDnsHostnames": False,
    }

    def replacing(self, old: Properties, new: Properties) -> frozenset[str]:
        """Dedicated hosts are given up in place, and never taken in place.

        Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcTenancy.html.
        """
        given_up = new.get("instanceTenancy") == "default"
        return self.replaces - {"instanceTenancy"} if given_up else self.replaces

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the VPC."""
        arguments = NAMES.pick(
            inputs, "cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock"
        )
        answer = aws.client("ec2").create_vpc(**arguments, **tagged("vpc", inputs))
        return str(answer["Vpc"]["VpcId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Set the DNS options that differ from those of a new VPC."""
        client = aws.client("ec2")
        for member, name, standard in (
            ("EnableDnsSupport", "enableDnsSupport", True),
            ("EnableDnsHostnames", "enableDnsHostnames", False),
        ):
            if inputs[name] != standard:
                client.modify_vpc_attribute(VpcId=identity, **{member: {"Value": inputs[name]}})

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the VPC and its default resources."""
        client = aws.client("ec2")
        vpc = one(client.describe_vpcs, "Vpcs", "InvalidVpcID.NotFound", VpcIds=[identity])
        if vpc is None:
            return None
        table = _first(client.describe_route_tables, "RouteTables", identity, "association.main")
        access = _first(client.describe_network_acls, "NetworkAcls", identity, "default")
        group = _default_group(client, identity)
        return {
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc["InstanceTenancy"],
            "enableDnsSupport": _attribute(client, identity, "enableDnsSupport"),
            "enableDnsHostnames": _attribute(client, identity, "enableDnsHostnames"),
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "ownerId": vpc.get("OwnerId"),
            "arn": aws.arn("ec2", f"vpc/{identity}"),
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultNetworkAclId": access,
            "defaultSecurityGroupId": group,
            "tagsAll": tags_of(vpc),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change DNS switches, tenancy and tags."""
        client = aws.client("ec2")
        if changed(old, new, "instanceTenancy"):
            client.modify_vpc_tenancy(VpcId=identity, InstanceTenancy=new["instanceTenancy"])
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            if changed(old, new, name):
                member = name[0].upper() + name[1:]
                client.modify_vpc_attribute(VpcId=identity, **{member: {"Value": new[name]}})
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the VPC."""
        with ignoring_missing("InvalidVpcID.NotFound"):
            aws.client("ec2").delete_vpc(VpcId=identity)


class Subnet(Resource):
    """A part of a VPC in one zone."""

    token = "aws:ec2/subnet:Subnet"
    takes = (
        "vpcId",
        "cidrBlock",
        "availabilityZone",
        "availabilityZoneId",
        "mapPublicIpOnLaunch",
        "ipv6CidrBlock",
    )
    replaces = frozenset({"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"})
    defaults = {"mapPublicIpOnLaunch": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the subnet."""
        arguments = NAMES.pick(
            inputs, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6CidrBlock"
        )
        answer = aws.client("ec2").create_subnet(**arguments, **tagged("subnet", inputs))
        return str(answer["Subnet"]["SubnetId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Give instances public addresses, if requested."""
        if inputs["mapPublicIpOnLaunch"]:
            self._map_public(aws, identity, on=True)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the subnet."""
        subnet = one(
            aws.client("ec2").describe_subnets,
            "Subnets",
            "InvalidSubnetID.NotFound",
            SubnetIds=[identity],
        )
        if subnet is None:
            return None
        actual = NAMES.sdk({key: subnet.get(key) for key in SUBNET_MEMBERS})
        return {
            **actual,
            "ownerId": subnet.get("OwnerId"),
            "arn": aws.arn("ec2", f"subnet/{identity}"),
            "tagsAll": tags_of(subnet),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the option for public addresses, and tags."""
        if changed(old, new, "mapPublicIpOnLaunch"):
            self._map_public(aws, identity, on=new["mapPublicIpOnLaunch"])
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the subnet."""
        with ignoring_missing("InvalidSubnetID.NotFound"):
            delete_released(aws.client("ec2").delete_subnet, SubnetId=identity)

    def _map_public(self, aws: Cloud, identity: str, *, on: bool) -> None:
        aws.client("ec2").modify_subnet_attribute(
            SubnetId=identity, MapPublicIpOnLaunch={"Value": on}
        )


SUBNET_MEMBERS = (
    "VpcId",
    "CidrBlock",
    "AvailabilityZone",
    "AvailabilityZoneId",
    "MapPublicIpOnLaunch",
)


def _attribute(client: Any, vpc: str, name: str) -> bool:
    answer = client.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    return bool(answer[name[0].upper() + name[1:]]["Value"])


def _first(call: Any, member: str, vpc: str, flag: str) -> str | None:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": flag, "Values": ["true"]}]
    answer = call(Filters=filters)[member]
    return answer[0][f"{member[:-1]}Id"] if answer else None


def _default_group(client: Any, vpc: str) -> str | None:
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    answer = client.describe_security_groups(Filters=filters)["SecurityGroups"]
    return answer[0]["GroupId"] if answer else None
