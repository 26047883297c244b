"""The objects of one pool: an EC2NodeClass, and a NodePool for each capacity type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.instances import is_graviton
from stackyard.karpenter import objects
from stackyard.karpenter.config import NodeImagesConfig, NodePoolConfig, PoolConfig
from stackyard.karpenter.objects import Machine, NodeWiring, Rung
from stackyard.naming import StackId

POOL_LABEL = "stackyard.dev/pool"
"""Node label with the name of a pool without GPUs."""


@dataclass(frozen=True)
class PoolWiring:
    """The wiring that all pools of a stage share."""

    stack: StackId
    nodes: NodeWiring
    images: NodeImagesConfig
    ready: Sequence[pulumi.Resource]
    """The controller, which is deleted after the last node, because it ends the instance."""


class GeneralPool(Component):
    """A pool of nodes without GPUs that Karpenter makes and removes."""

    TYPE: ClassVar[str] = "stackyard:index:GeneralPool"

    node_pools: list[pulumi.Output[str]]
    """Its NodePools, first choice first."""

    def __init__(
        self,
        name: str,
        config: NodePoolConfig,
        *,
        pool: str,
        wiring: PoolWiring,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the pool's name, and the wiring of all pools of the stage."""
        super().__init__(name, config, opts=opts)
        machine = Machine(
            types=config.instance_types,
            arm=is_graviton(config.instance_types[0]),
            image=wiring.images.alias("al2023"),
            volume_gib=config.volume_gib,
            labels={POOL_LABEL: pool},
        )
        self.node_pools = make_pool(
            self, config, machine, rungs=objects.general_rungs(config), pool=pool, wiring=wiring
        )
        self.publish()


def make_pool(
    owner: Component,
    config: PoolConfig,
    machine: Machine,
    *,
    rungs: Sequence[Rung],
    pool: str,
    wiring: PoolWiring,
) -> list[pulumi.Output[str]]:
    """Make the objects of a pool as children of a component; return the names of its NodePools."""
    labels = kubernetes.labels(wiring.stack, "nodes", pool=pool)
    node_class = kubernetes.custom_resource(
        owner.named("node-class"),
        (objects.CLASS_VERSION, "EC2NodeClass"),
        {"name": pool, "labels": labels},
        objects.node_class(machine, config, wiring.nodes, pool=pool),
        owner.child(depends_on=list(wiring.ready)),
    )
    specs: dict[str, dict[str, Any]] = {
        rung.capacity: objects.node_pool(machine, config, rung, node_class=pool) for rung in rungs
    }
    if config.static is not None:
        specs["static"] = objects.static_pool(machine, config, node_class=pool)
    made = [
        kubernetes.custom_resource(
            owner.named(key),
            (objects.POOL_VERSION, "NodePool"),
            {"name": f"{pool}-{key}", "labels": labels},
            spec,
            owner.child(depends_on=[node_class]),
        )
        for key, spec in specs.items()
    ]
    return [one.id for one in made]
