"""A pool of GPU nodes: none while no pod asks for a GPU, always tainted, never above its cap."""

from __future__ import annotations

from typing import ClassVar

import pulumi

from stackyard._component import Component
from stackyard.gpu.config import GpuPoolConfig
from stackyard.gpu.contract import GpuContract
from stackyard.karpenter.pool import PoolWiring, make_pool


class GpuPool(Component):
    """Karpenter's objects for a pool whose taint, labels and image come from the GPU contract."""

    TYPE: ClassVar[str] = "stackyard:index:GpuPool"

    node_pools: list[pulumi.Output[str]]
    """Its NodePools, first choice first."""

    def __init__(
        self,
        name: str,
        config: GpuPoolConfig,
        *,
        pool: str,
        wiring: PoolWiring,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the pool's name, and the wiring of all pools of the stage."""
        super().__init__(name, config, opts=opts)
        contract = GpuContract(pool, config)
        self.node_pools = make_pool(
            self,
            config,
            contract.machine(wiring.images),
            rungs=contract.rungs,
            pool=pool,
            wiring=wiring,
        )
        self.publish()
