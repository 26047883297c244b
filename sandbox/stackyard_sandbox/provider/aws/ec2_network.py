"""VPCs, subnets, internet gateways, addresses and NAT gateways.

Which changes replace: https://www.pulumi.com/registry/packages/aws/api-docs/ec2/vpc/ and the pages
of the other types beside it.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.ec2 import one, tagged, tags_of, update_tags
from stackyard_sandbox.provider.aws.resource import Resource, changed, gone_is_fine
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
        "cidrBlock instanceTenancy enableDnsSupport enableDnsHostnames assignGeneratedIpv6CidrBlock"
    )
    replaces = frozenset({"cidrBlock", "instanceTenancy"})
    defaults = {
        "instanceTenancy": "default",
        "enableDnsSupport": True,
        "enableDnsHostnames": False,
    }

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Make the VPC."""
        arguments = NAMES.pick(
            inputs, "cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock"
        )
        found = aws.client("ec2").create_vpc(**arguments, **tagged("vpc", inputs))
        return str(found["Vpc"]["VpcId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Set the DNS switches where they differ from what a new VPC has."""
        client = aws.client("ec2")
        for member, name, standard in (
            ("EnableDnsSupport", "enableDnsSupport", True),
            ("EnableDnsHostnames", "enableDnsHostnames", False),
        ):
            if inputs[name] != standard:
                client.modify_vpc_attribute(VpcId=identity, **{member: {"Value": inputs[name]}})

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the VPC and what it brings by itself."""
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
        """Change DNS switches and tags."""
        client = aws.client("ec2")
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            if changed(old, new, name):
                member = name[0].upper() + name[1:]
                client.modify_vpc_attribute(VpcId=identity, **{member: {"Value": new[name]}})
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the VPC."""
        with gone_is_fine("InvalidVpcID.NotFound"):
            aws.client("ec2").delete_vpc(VpcId=identity)


class Subnet(Resource):
    """A part of a VPC in one zone."""

    token = "aws:ec2/subnet:Subnet"
    takes = "vpcId cidrBlock availabilityZone availabilityZoneId mapPublicIpOnLaunch ipv6CidrBlock"
    replaces = frozenset({"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"})
    defaults = {"mapPublicIpOnLaunch": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Make the subnet."""
        arguments = NAMES.pick(
            inputs, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6CidrBlock"
        )
        found = aws.client("ec2").create_subnet(**arguments, **tagged("subnet", inputs))
        return str(found["Subnet"]["SubnetId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Let instances get public addresses, where asked."""
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
        """Change the public address switch and tags."""
        if changed(old, new, "mapPublicIpOnLaunch"):
            self._map_public(aws, identity, on=new["mapPublicIpOnLaunch"])
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the subnet."""
        with gone_is_fine("InvalidSubnetID.NotFound"):
            aws.client("ec2").delete_subnet(SubnetId=identity)

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


class InternetGateway(Resource):
    """A VPC's way out, for public subnets."""

    token = "aws:ec2/internetGateway:InternetGateway"
    takes = "vpcId"

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Make the gateway."""
        made = aws.client("ec2").create_internet_gateway(**tagged("internet-gateway", inputs))
        return str(made["InternetGateway"]["InternetGatewayId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Attach it."""
        if inputs.get("vpcId"):
            aws.client("ec2").attach_internet_gateway(
                InternetGatewayId=identity, VpcId=inputs["vpcId"]
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the gateway."""
        gateway = one(
            aws.client("ec2").describe_internet_gateways,
            "InternetGateways",
            "InvalidInternetGatewayID.NotFound",
            InternetGatewayIds=[identity],
        )
        if gateway is None:
            return None
        attached = gateway.get("Attachments") or [{}]
        return {
            "vpcId": attached[0].get("VpcId"),
            "ownerId": gateway.get("OwnerId"),
            "arn": aws.arn("ec2", f"internet-gateway/{identity}"),
            "tagsAll": tags_of(gateway),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Attach it to another VPC; change tags."""
        if changed(old, new, "vpcId"):
            self._detach(aws, identity, old)
            self.finish(aws, identity, new)
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Detach and delete the gateway."""
        self._detach(aws, identity, state)
        with gone_is_fine("InvalidInternetGatewayID.NotFound"):
            aws.client("ec2").delete_internet_gateway(InternetGatewayId=identity)

    def _detach(self, aws: Cloud, identity: str, state: Properties) -> None:
        if state.get("vpcId"):
            with gone_is_fine(
                "Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"
            ):
                aws.client("ec2").detach_internet_gateway(
                    InternetGatewayId=identity, VpcId=state["vpcId"]
                )


class Eip(Resource):
    """A fixed public address."""

    token = "aws:ec2/eip:Eip"
    takes = "domain"
    replaces = frozenset({"domain"})
    defaults = {"domain": "vpc"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Allocate an address."""
        found = aws.client("ec2").allocate_address(
            Domain=inputs["domain"], **tagged("elastic-ip", inputs)
        )
        return str(found["AllocationId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the address."""
        address = one(
            aws.client("ec2").describe_addresses,
            "Addresses",
            "InvalidAllocationID.NotFound",
            AllocationIds=[identity],
        )
        if address is None:
            return None
        return {
            "allocationId": identity,
            "domain": address["Domain"],
            "publicIp": address["PublicIp"],
            "publicDns": f"ec2-{address['PublicIp'].replace('.', '-')}.compute.amazonaws.com",
            "associationId": address.get("AssociationId") or None,
            "arn": aws.arn("ec2", f"elastic-ip/{identity}"),
            "tagsAll": tags_of(address),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Release the address."""
        with gone_is_fine("InvalidAllocationID.NotFound"):
            aws.client("ec2").release_address(AllocationId=identity)


class NatGateway(Resource):
    """The way out of private subnets."""

    token = "aws:ec2/natGateway:NatGateway"
    takes = "allocationId subnetId connectivityType"
    replaces = frozenset({"allocationId", "subnetId", "connectivityType"})
    defaults = {"connectivityType": "public"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Make the gateway."""
        arguments = NAMES.pick(inputs, "allocationId", "subnetId", "connectivityType")
        found = aws.client("ec2").create_nat_gateway(**arguments, **tagged("natgateway", inputs))
        return str(found["NatGateway"]["NatGatewayId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the gateway; a deleted one is answered for a while."""
        gateway = one(
            aws.client("ec2").describe_nat_gateways,
            "NatGateways",
            "NatGatewayNotFound",
            NatGatewayIds=[identity],
        )
        if gateway is None or gateway["State"] in ("deleting", "deleted"):
            return None
        address = (gateway.get("NatGatewayAddresses") or [{}])[0]
        return {
            "subnetId": gateway["SubnetId"],
            "connectivityType": gateway["ConnectivityType"],
            "allocationId": address.get("AllocationId"),
            "publicIp": address.get("PublicIp"),
            "privateIp": address.get("PrivateIp"),
            "networkInterfaceId": address.get("NetworkInterfaceId"),
            "tagsAll": tags_of(gateway),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the gateway."""
        with gone_is_fine("NatGatewayNotFound"):
            aws.client("ec2").delete_nat_gateway(NatGatewayId=identity)


def _attribute(client: Any, vpc: str, name: str) -> bool:
    found = client.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    return bool(found[name[0].upper() + name[1:]]["Value"])


def _first(call: Any, member: str, vpc: str, flag: str) -> str | None:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": flag, "Values": ["true"]}]
    found = call(Filters=filters)[member]
    return found[0][f"{member[:-1]}Id"] if found else None


def _default_group(client: Any, vpc: str) -> str | None:
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    found = client.describe_security_groups(Filters=filters)["SecurityGroups"]
    return found[0]["GroupId"] if found else None
