"""VPC endpoints and flow logs.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/ec2/vpcendpoint/ and
…/ec2/flowlog/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.ec2 import one, tagged, tags_of, update_tags
from stackyard_sandbox.provider.aws.resource import Resource, changed, ignoring_missing
from stackyard_sandbox.provider.protocol import Properties

ENDPOINT = Casing(names={"policy": "PolicyDocument"})


class VpcEndpoint(Resource):
    """A private connection to a service."""

    token = "aws:ec2/vpcEndpoint:VpcEndpoint"
    takes = (
        "vpcId",
        "serviceName",
        "vpcEndpointType",
        "routeTableIds",
        "subnetIds",
        "securityGroupIds",
        "privateDnsEnabled",
        "policy",
        "autoAccept",
    )
    replaces = frozenset({"vpcId", "serviceName", "vpcEndpointType"})
    defaults = {"vpcEndpointType": "Gateway"}

    def replacing(self, old: Properties, new: Properties) -> frozenset[str]:
        """Private DNS names are changed in place for interfaces only.

        Source: the official provider's `resourceVPCEndpoint`, which forces a new one for others.
        """
        in_place = new.get("vpcEndpointType") == "Interface"
        return self.replaces if in_place else self.replaces | {"privateDnsEnabled"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the endpoint."""
        names = [name for name in self.takes if name != "autoAccept"]
        arguments = ENDPOINT.pick(inputs, *names)
        answer = aws.client("ec2").create_vpc_endpoint(
            **arguments, **tagged("vpc-endpoint", inputs)
        )
        return str(answer["VpcEndpoint"]["VpcEndpointId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the endpoint; EC2 returns a deleted one for some time."""
        endpoint = one(
            aws.client("ec2").describe_vpc_endpoints,
            "VpcEndpoints",
            "InvalidVpcEndpointId.NotFound",
            VpcEndpointIds=[identity],
        )
        if endpoint is None or endpoint["State"].lower() in ("deleting", "deleted"):
            return None
        entries = endpoint.get("DnsEntries") or []
        return {
            "vpcId": endpoint["VpcId"],
            "serviceName": endpoint["ServiceName"],
            "vpcEndpointType": endpoint["VpcEndpointType"],
            "routeTableIds": endpoint.get("RouteTableIds") or [],
            "subnetIds": endpoint.get("SubnetIds") or [],
            "securityGroupIds": [group["GroupId"] for group in endpoint.get("Groups") or []],
            "privateDnsEnabled": endpoint.get("PrivateDnsEnabled", False),
            "policy": as_text(endpoint.get("PolicyDocument")),
            "state": endpoint["State"],
            "ownerId": endpoint.get("OwnerId"),
            "networkInterfaceIds": endpoint.get("NetworkInterfaceIds"),
            "dnsEntries": ENDPOINT.sdk(entries),
            "arn": aws.arn("ec2", f"vpc-endpoint/{identity}"),
            "tagsAll": tags_of(endpoint),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change tables, subnets, groups, DNS, policy and tags."""
        arguments = ENDPOINT.pick(new, "privateDnsEnabled", "policy")
        for name in ("routeTableIds", "subnetIds", "securityGroupIds"):
            before, after = set(old.get(name) or []), set(new.get(name) or [])
            member = name[0].upper() + name[1:]
            if after - before:
                arguments[f"Add{member}"] = sorted(after - before)
            if before - after:
                arguments[f"Remove{member}"] = sorted(before - after)
        if changed(old, new, *self.takes):
            aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=identity, **arguments)
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the endpoint."""
        with ignoring_missing("InvalidVpcEndpointId.NotFound"):
            aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[identity])


class FlowLog(Resource):
    """A record of the traffic of a VPC, subnet or interface."""

    token = "aws:ec2/flowLog:FlowLog"
    takes = (
        "vpcId",
        "subnetId",
        "eniId",
        "trafficType",
        "logDestination",
        "logDestinationType",
        "iamRoleArn",
        "maxAggregationInterval",
        "logFormat",
        "destinationOptions",
    )
    replaces = frozenset(takes)
    defaults = {"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Start the log."""
        kind = next(name for name in ("vpcId", "subnetId", "eniId") if inputs.get(name))
        kinds = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
        casing = Casing(names={"iamRoleArn": "DeliverLogsPermissionArn"})
        names = [name for name in self.takes if name not in kinds]
        answer = aws.client("ec2").create_flow_logs(
            ResourceIds=[inputs[kind]],
            ResourceType=kinds[kind],
            **casing.pick(inputs, *names),
            **tagged("vpc-flow-log", inputs),
        )
        return str(answer["FlowLogIds"][0])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the log."""
        log = one(
            aws.client("ec2").describe_flow_logs,
            "FlowLogs",
            "InvalidFlowLogId.NotFound",
            FlowLogIds=[identity],
        )
        if log is None:
            return None
        kinds = {"vpc-": "vpcId", "subnet-": "subnetId", "eni-": "eniId"}
        target = log["ResourceId"]
        kind = next(name for prefix, name in kinds.items() if target.startswith(prefix))
        destination = log.get("LogDestination")
        if not destination and log.get("LogGroupName"):
            destination = aws.arn("logs", f"log-group:{log['LogGroupName']}")
        return {
            kind: target,
            "trafficType": log.get("TrafficType"),
            "logDestination": destination,
            "logDestinationType": log["LogDestinationType"],
            "iamRoleArn": log.get("DeliverLogsPermissionArn") or None,
            "maxAggregationInterval": log.get("MaxAggregationInterval"),
            "logFormat": log.get("LogFormat"),
            "arn": aws.arn("ec2", f"vpc-flow-log/{identity}"),
            "tagsAll": tags_of(log),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Stop the log."""
        with ignoring_missing("InvalidFlowLogId.NotFound"):
            aws.client("ec2").delete_flow_logs(FlowLogIds=[identity])
