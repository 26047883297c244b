"""Internet gateways, elastic IP addresses and NAT gateways.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/ec2/natgateway/ and the
pages of the other types beside it.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import PASCAL
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.ec2 import one, tagged, tags_of, update_tags
from stackyard_sandbox.provider.aws.resource import Resource, changed, ignoring_missing
from stackyard_sandbox.provider.protocol import Properties


class InternetGateway(Resource):
    """The connection of a VPC's public subnets to the internet."""

    token = "aws:ec2/internetGateway:InternetGateway"
    takes = ("vpcId",)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the gateway."""
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
        with ignoring_missing("InvalidInternetGatewayID.NotFound"):
            aws.client("ec2").delete_internet_gateway(InternetGatewayId=identity)

    def _detach(self, aws: Cloud, identity: str, state: Properties) -> None:
        if state.get("vpcId"):
            with ignoring_missing(
                "Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"
            ):
                aws.client("ec2").detach_internet_gateway(
                    InternetGatewayId=identity, VpcId=state["vpcId"]
                )


class Eip(Resource):
    """A fixed public address."""

    token = "aws:ec2/eip:Eip"
    takes = ("domain",)
    replaces = frozenset({"domain"})
    defaults = {"domain": "vpc"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Allocate an address."""
        answer = aws.client("ec2").allocate_address(
            Domain=inputs["domain"], **tagged("elastic-ip", inputs)
        )
        return str(answer["AllocationId"])

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
        with ignoring_missing("InvalidAllocationID.NotFound"):
            aws.client("ec2").release_address(AllocationId=identity)


class NatGateway(Resource):
    """The connection of private subnets to the internet."""

    token = "aws:ec2/natGateway:NatGateway"
    takes = ("allocationId", "subnetId", "connectivityType")
    replaces = frozenset({"allocationId", "subnetId", "connectivityType"})
    defaults = {"connectivityType": "public"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the gateway."""
        arguments = PASCAL.pick(inputs, "allocationId", "subnetId", "connectivityType")
        answer = aws.client("ec2").create_nat_gateway(**arguments, **tagged("natgateway", inputs))
        return str(answer["NatGateway"]["NatGatewayId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the gateway; EC2 returns a deleted one for some time."""
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
        with ignoring_missing("NatGatewayNotFound"):
            aws.client("ec2").delete_nat_gateway(NatGatewayId=identity)
