"""A pool of GPU nodes: at zero by default, always tainted, never above its cap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard._component import Component
from stackyard.cluster.nodes import (
    CAPACITY_TYPES,
    NodeWiring,
    launch_template,
    node_group_options,
    template_reference,
)
from stackyard.gpu.config import GpuPoolConfig
from stackyard.gpu.contract import GpuContract


class GpuPool(Component):
    """A managed node group whose taint, labels and image come from the GPU contract."""

    TYPE: ClassVar[str] = "stackyard:index:GpuPool"

    node_group_name: pulumi.Output[str]
    """The EKS node group."""

    def __init__(
        self,
        name: str,
        config: GpuPoolConfig,
        *,
        pool: str,
        wiring: NodeWiring,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the pool's name, and the wiring of all pools of the cluster."""
        super().__init__(name, config, opts=opts)
        contract = GpuContract(pool, config)
        template = launch_template(
            self,
            wiring,
            pool=pool,
            volume_gib=config.volume_gib,
            device=contract.data_volume,
            user_data=contract.user_data,
        )
        group = aws.eks.NodeGroup(
            self.named("nodes"),
            cluster_name=wiring.cluster_name,
            node_group_name=pool,
            node_role_arn=wiring.role_arn,
            subnet_ids=wiring.subnet_ids,
            version=wiring.version,
            ami_type=contract.ami_type,
            capacity_type=CAPACITY_TYPES[config.capacity],
            instance_types=config.instance_types,
            labels=contract.labels,
            taints=[aws.eks.NodeGroupTaintArgs(**contract.taint)],
            launch_template=template_reference(template),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=config.min, max_size=config.max, desired_size=config.min
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            opts=node_group_options(self, wiring),
        )
        self.node_group_name = group.node_group_name
        self._tag_scaling_group(group, contract)
        self.publish()

    def _tag_scaling_group(self, group: aws.eks.NodeGroup, contract: GpuContract) -> None:
        """Tag the Auto Scaling group that EKS made; tags of the node group do not reach it."""
        if contract.scale_from_zero_tag is None:
            return
        key, value = contract.scale_from_zero_tag
        aws.autoscaling.Tag(
            self.named("scale-from-zero"),
            autoscaling_group_name=group.resources.apply(_scaling_group),
            tag=aws.autoscaling.TagTagArgs(key=key, value=value, propagate_at_launch=False),
            opts=self.child(),
        )


def _scaling_group(resources: Sequence[aws.eks.outputs.NodeGroupResource]) -> str:
    """Return the one Auto Scaling group of a node group; raises ValueError if EKS reports none."""
    groups = [group for one in resources for group in one.autoscaling_groups or ()]
    if not groups or not groups[0].name:
        raise ValueError("EKS reports no Auto Scaling group for the node group")
    return groups[0].name
