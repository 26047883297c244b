"""Node groups: hardened launch templates, and pools of ordinary nodes."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import pulumi
import pulumi_aws as aws

from stackyard._component import Component
from stackyard.cluster.config import NodePoolConfig
from stackyard.instances import is_graviton

POOL_LABEL = "stackyard.dev/pool"
"""Node label with the name of an ordinary pool."""

CAPACITY_TYPES: dict[Literal["on-demand", "spot"], str] = {"on-demand": "ON_DEMAND", "spot": "SPOT"}
"""How the EKS API names the ways to buy instances."""


@dataclass(frozen=True)
class NodeWiring:
    """Wiring that all pools of a cluster share."""

    cluster_name: pulumi.Input[str]
    version: str
    role_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    tags: Mapping[str, str]
    """Tags of instances and volumes: default tags of the provider do not reach them."""
    ready: Sequence[pulumi.Resource]
    """Resources that must exist before a node can join."""


class NodePool(Component):
    """A managed node group of ordinary nodes, whose size belongs to the autoscaler."""

    TYPE: ClassVar[str] = "stackyard:index:NodePool"

    node_group_name: pulumi.Output[str]
    """The EKS node group."""

    def __init__(
        self,
        name: str,
        config: NodePoolConfig,
        *,
        pool: str,
        wiring: NodeWiring,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the pool's name, and the wiring of all pools of the cluster."""
        super().__init__(name, config, opts=opts)
        template = launch_template(self, wiring, pool=pool, volume_gib=config.volume_gib)
        arm = is_graviton(config.instance_types[0])
        group = aws.eks.NodeGroup(
            self.named("nodes"),
            cluster_name=wiring.cluster_name,
            node_group_name=pool,
            node_role_arn=wiring.role_arn,
            subnet_ids=wiring.subnet_ids,
            version=wiring.version,
            ami_type="AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD",
            capacity_type=CAPACITY_TYPES[config.capacity],
            instance_types=config.instance_types,
            labels={POOL_LABEL: pool},
            launch_template=template_reference(template),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=config.min, max_size=config.max, desired_size=config.min
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            opts=node_group_options(self, wiring),
        )
        self.node_group_name = group.node_group_name
        self.publish()


def launch_template(
    owner: Component,
    wiring: NodeWiring,
    *,
    pool: str,
    volume_gib: int,
    device: str = "/dev/xvda",
    user_data: str | None = None,
) -> aws.ec2.LaunchTemplate:
    """Make a pool's launch template: IMDSv2 out of pods' reach, encrypted disks, tags.

    A hop limit of 1 keeps pods from the node's credentials:
    https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html.
    """
    tags = {**wiring.tags, "Name": f"{wiring.tags.get('stackyard:stack', 'stackyard')}/{pool}"}
    return aws.ec2.LaunchTemplate(
        owner.named("template"),
        description=f"nodes of pool {pool}",
        update_default_version=True,
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        block_device_mappings=[
            aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                device_name=device,
                ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                    volume_size=volume_gib,
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
        user_data=base64.b64encode(user_data.encode()).decode() if user_data else None,
        opts=owner.child(),
    )


def template_reference(template: aws.ec2.LaunchTemplate) -> aws.eks.NodeGroupLaunchTemplateArgs:
    """Name the template's newest version, so that a change of the template rolls the nodes."""
    version = template.latest_version.apply(lambda number: str(int(number)))
    return aws.eks.NodeGroupLaunchTemplateArgs(id=template.id, version=version)


def node_group_options(owner: Component, wiring: NodeWiring) -> pulumi.ResourceOptions:
    """Return a node group's options: its present size is the autoscaler's, not ours."""
    return owner.child(depends_on=list(wiring.ready), ignore_changes=["scalingConfig.desiredSize"])
