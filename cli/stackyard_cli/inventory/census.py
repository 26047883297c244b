"""Lists the AWS resources tagged with a stack, and the Pulumi ID of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from stackyard.naming import StackId
from stackyard.tags import PREFIX
from stackyard_cli.backend.checkpoint import Checkpoint
from stackyard_cli.backend.pending import PendingCreate
from stackyard_cli.clients.aws import Aws
from stackyard_cli.inventory import ids

STACK_TAG = f"{PREFIX}stack"
RESOURCE_TAG = f"{PREFIX}resource"
"""Set by `stackyard.resource_tag`, which imports Pulumi; a census needs only the name."""


EC2 = {
    "describe_addresses": ("Addresses", "AllocationId"),
    "describe_flow_logs": ("FlowLogs", "FlowLogId"),
    "describe_internet_gateways": ("InternetGateways", "InternetGatewayId"),
    "describe_launch_templates": ("LaunchTemplates", "LaunchTemplateId"),
    "describe_nat_gateways": ("NatGateways", "NatGatewayId"),
    "describe_route_tables": ("RouteTables", "RouteTableId"),
    "describe_security_group_rules": ("SecurityGroupRules", "SecurityGroupRuleId"),
    "describe_security_groups": ("SecurityGroups", "GroupId"),
    "describe_subnets": ("Subnets", "SubnetId"),
    "describe_vpc_endpoints": ("VpcEndpoints", "VpcEndpointId"),
    "describe_vpcs": ("Vpcs", "VpcId"),
}
"""Operation, result key and id key with which EC2 lists each taggable type."""

EC2_PREFIXES = frozenset(
    {"eipalloc", "fl", "igw", "lt", "nat", "rtb", "sgr", "sg", "subnet", "vpce", "vpc"}
)
"""Prefixes of the ids of those types."""

NODE_POOL_TAG = "karpenter.sh/nodepool"
"""On instances, their volumes, interfaces and launch templates: https://karpenter.sh/docs/concepts/nodeclasses/#spectags."""

DELETED = frozenset({"deleted", "deleting"})
"""States of deleted resources, which EC2 still lists for up to an hour."""


@dataclass(frozen=True)
class TaggedResource:
    """One tagged resource of the account."""

    arn: str
    """ARN, or only the id if the service's API returns no ARN."""

    label: str | None
    """`type::name` from its resource tag."""

    of_node_pool: bool = False
    """Karpenter made it for one of its pools, and removes it with the node."""

    @property
    def last(self) -> str:
        """The last part of its ARN: the id within its service."""
        return self.arn.rpartition("/")[2] if "/" in self.arn else self.arn.rpartition(":")[2]


class AwsCensus:
    """Lists the tagged resources of one stack in its AWS account."""

    def __init__(self, stack: StackId, region: str, environment: Mapping[str, str]) -> None:
        self._stack, self._region = stack, region
        self._aws = Aws(environment, region)

    def client(self, service: str) -> Any:
        """Return a client in the stack's region, with the engine's credentials."""
        return self._aws.client(service)

    def tagged(self) -> list[TaggedResource]:
        """Return every existing resource with the stack's tag.

        The tagging API lists most types. EC2 is listed by type, which is complete and current. IAM
        roles are in neither list; they are found by name.
        https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
        """
        resources = {one.last: one for one in self._ec2()}
        tag_filter = {"Key": STACK_TAG, "Values": [str(self._stack)]}
        for arn, tags in self.search(tag_filter):
            one = TaggedResource(arn, tags.get(RESOURCE_TAG), NODE_POOL_TAG in tags)
            if self._stays(one):
                resources.setdefault(one.last, one)
        return list(resources.values())

    def search(self, tag_filter: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield ARN and tags of the resources that the tagging API returns for one filter."""
        pages = self.client("resourcegroupstaggingapi").get_paginator("get_resources")
        for page in pages.paginate(TagFilters=[tag_filter]):
            for item in page["ResourceTagMappingList"]:
                yield item["ResourceARN"], plain_tags(item["Tags"])

    def identify(self, creates: Sequence[PendingCreate], held: Set[str]) -> dict[str, str]:
        """Return the likely id of each; a wrong one is harmless, because the refresh removes it.

        `held` are ids in the state: during a replacement the old resource has the same tag.
        """
        by_label: dict[str, TaggedResource] = {}
        for one in self.tagged():
            if one.label and one.arn not in held and one.last not in held:
                by_label.setdefault(one.label, one)
        ids: dict[str, str] = {}
        for item in creates:
            resource_id = item.id or self._id_of(item, by_label.get(item.label))
            if resource_id and resource_id not in held:
                ids[item.urn] = resource_id
        return ids

    def _id_of(self, item: PendingCreate, one: TaggedResource | None) -> str | None:
        if item.type.startswith("kubernetes:"):
            return ids.kubernetes_id(item.inputs)
        if one is not None:
            return ids.id_of_arn(item.type, one.arn, one.last)
        return ids.aws_id(item.type, item.inputs, self.client)

    def _ec2(self) -> list[TaggedResource]:
        resources: list[TaggedResource] = []
        chosen = [{"Name": f"tag:{STACK_TAG}", "Values": [str(self._stack)]}]
        for operation, (items, key) in EC2.items():
            name = "Filter" if operation == "describe_flow_logs" else "Filters"
            for item in getattr(self.client("ec2"), operation)(**{name: chosen})[items]:
                tags = plain_tags(item.get("Tags") or [])
                # Filtered again, because some emulators of EC2 do not filter every type.
                if tags.get(STACK_TAG) == str(self._stack) and item.get("State") not in DELETED:
                    one = TaggedResource(item[key], tags.get(RESOURCE_TAG), NODE_POOL_TAG in tags)
                    resources.append(one)
        return resources

    def _stays(self, one: TaggedResource) -> bool:
        """Return whether a resource is not in the EC2 list, and is not being deleted.

        KMS keys pending deletion are being deleted, and so are automated snapshots, which are
        deleted with their database:
        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
        """
        if ":snapshot:rds:" in one.arn:
            return False
        if ":ec2:" in one.arn and ":instance/" in one.arn:
            return self._runs(one.last)
        if ":ec2:" in one.arn:
            return one.last.partition("-")[0] not in EC2_PREFIXES
        if ":kms:" in one.arn and ":key/" in one.arn:
            key = self.client("kms").describe_key(KeyId=one.arn)["KeyMetadata"]
            return bool(key["KeyState"] != "PendingDeletion")
        return True

    def _runs(self, instance: str) -> bool:
        """Return whether an instance is not terminated; EC2 lists those for about an hour.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
        """
        chosen = [{"Name": "instance-id", "Values": [instance]}]
        for reservation in self.client("ec2").describe_instances(Filters=chosen)["Reservations"]:
            states = {one["State"]["Name"] for one in reservation["Instances"]}
            return not states <= {"shutting-down", "terminated"}
        return False


def held_by(checkpoint: Checkpoint) -> set[str]:
    """Return the ids and ARNs of all resources in a state."""
    held: set[str] = set()
    for resource in checkpoint.resources:
        held.add(str(resource.get("id") or ""))
        held.add(str((resource.get("outputs") or {}).get("arn") or ""))
    return held


def plain_tags(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return tags as a map, from the pairs in the answers of most services."""
    return {tag["Key"]: tag["Value"] for tag in tags}
