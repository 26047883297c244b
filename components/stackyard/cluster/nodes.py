"""The system nodes of a cluster, and the IAM roles of all its nodes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import managed_policy_arn
from stackyard.cluster import access
from stackyard.cluster.config import SystemNodesConfig
from stackyard.config import Config
from stackyard.instances import is_graviton
from stackyard.naming import IAM_ROLE_LIMIT, fitted

DEVICE = "/dev/xvda"
"""The one disk of Amazon Linux."""


@dataclass(frozen=True)
class NodeGroupWiring:
    """Wiring of a managed node group."""

    cluster_name: pulumi.Input[str]
    version: str
    role_arn: pulumi.Input[str]
    subnets: Mapping[str, pulumi.Input[str]]
    """Subnet by availability zone."""
    tags: Mapping[str, str]
    """Tags of instances and volumes: default tags of the provider do not reach them."""
    ready: Sequence[pulumi.Resource]
    """Resources that must exist before a node can join."""


class SystemNodes(Component):
    """A managed node group of fixed size for DNS and Karpenter, which must run before other nodes.

    A digest of its immutable settings is in its name. So a change makes the new group before the
    old one is deleted; with one name, EKS would have to delete first, and stop DNS.
    """

    TYPE: ClassVar[str] = "stackyard:index:SystemNodes"
    FORMER_TYPES: ClassVar[tuple[str, ...]] = ("stackyard:index:NodePool",)

    node_group_name: pulumi.Output[str]
    """The EKS node group."""

    def __init__(
        self,
        name: str,
        config: SystemNodesConfig,
        *,
        wiring: NodeGroupWiring,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, its nodes' role and subnets."""
        super().__init__(name, config, opts=opts)
        template = self._make_template(config, wiring)
        version = template.latest_version.apply(lambda number: str(int(number)))
        arm = is_graviton(config.instance_types[0])
        group = aws.eks.NodeGroup(
            self.named("nodes"),
            cluster_name=wiring.cluster_name,
            node_group_name=f"system-{fixed_digest(config, wiring.subnets)}",
            node_role_arn=wiring.role_arn,
            subnet_ids=list(wiring.subnets.values()),
            version=wiring.version,
            ami_type="AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD",
            capacity_type="ON_DEMAND",
            instance_types=config.instance_types,
            labels={"stackyard.dev/pool": "system"},
            # The newest version, so that a change of the template replaces the nodes one by one.
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(id=template.id, version=version),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=config.nodes, max_size=config.nodes, desired_size=config.nodes
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            opts=self.child(depends_on=list(wiring.ready)),
        )
        self.node_group_name = group.node_group_name
        self.publish()

    def _make_template(
        self, config: SystemNodesConfig, wiring: NodeGroupWiring
    ) -> aws.ec2.LaunchTemplate:
        """Make the launch template: IMDSv2, encrypted disks, tags.

        With a hop limit of 1, pods cannot read the node's credentials:
        https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html.
        """
        tags = {**wiring.tags, "Name": f"{wiring.tags.get('stackyard:stack', 'stackyard')}/system"}
        return aws.ec2.LaunchTemplate(
            self.named("template"),
            description="nodes of pool system",
            update_default_version=True,
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_size=config.volume_gib,
                        volume_type="gp3",
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in ("instance", "volume")
            ],
            opts=self.child(),
        )


def fixed_digest(config: SystemNodesConfig, zones: Mapping[str, object]) -> str:
    """Return a short digest of the settings that EKS cannot change in a node group."""
    fixed = json.dumps([config.instance_types, sorted(zones)])
    return hashlib.sha256(fixed.encode()).hexdigest()[:8]


class NodeIdentity(Component):
    """The role of the nodes that Karpenter starts, its instance profile and its access entry.

    EKS makes the access entry of managed node groups itself; other nodes need one:
    https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html.
    """

    TYPE: ClassVar[str] = "stackyard:index:NodeIdentity"

    role_arn: pulumi.Output[str]
    """The role."""

    instance_profile: pulumi.Output[str]
    """The instance profile; it depends on the access entry."""

    def __init__(
        self,
        name: str,
        *,
        cluster_name: pulumi.Input[str],
        prefix: str,
        region: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, the prefix of names in IAM, and the region."""
        super().__init__(name, Config(), opts=opts)
        role, attached = node_role(
            self, "role", f"{prefix}-karpenter-nodes", "nodes that Karpenter makes", region
        )
        profile = aws.iam.InstanceProfile(
            self.named("profile"),
            name=fitted(f"{prefix}-karpenter-nodes", 128),
            role=role.name,
            opts=self.child(),
        )
        entry = aws.eks.AccessEntry(
            self.named("entry"),
            cluster_name=cluster_name,
            principal_arn=role.arn,
            type="EC2_LINUX",
            opts=self.child(),
        )
        ready = pulumi.Output.all(profile.name, entry.urn, *(one.urn for one in attached))
        self.role_arn = role.arn
        self.instance_profile = ready.apply(lambda parts: str(parts[0]))
        self.publish()


def node_role(
    owner: Component, key: str, name: str, description: str, region: str
) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
    """Make a role with which nodes join the cluster and pull images, as a child of a component."""
    role = aws.iam.Role(
        owner.named(key),
        name=fitted(name, IAM_ROLE_LIMIT),
        description=description,
        assume_role_policy=iam.text(access.node_trust(region)),
        opts=owner.child(),
    )
    attached = [
        aws.iam.RolePolicyAttachment(
            owner.named(f"{key}-{short}"),
            role=role.name,
            policy_arn=managed_policy_arn(policy, region),
            opts=owner.child(),
        )
        for short, policy in access.NODE_POLICIES.items()
    ]
    return role, attached
