"""A pool of GPU nodes: tainted, limited in size, and empty while no pod requests a GPU."""

from __future__ import annotations

from typing import ClassVar

import pulumi

from stackyard._component import Component
from stackyard.gpu.config import GpuPoolConfig
from stackyard.gpu.contract import GpuContract
from stackyard.gpu.device_plugin import DevicePlugin, DevicePluginWiring
from stackyard.gpu.efa import EfaDevicePlugin
from stackyard.karpenter.pool import PoolWiring, make_pool


class GpuPool(Component):
    """Karpenter's objects for a pool, and the device plugin that offers the GPUs of its nodes.

    Taint, labels, image and the plugin's settings come from the GPU contract.
    """

    TYPE: ClassVar[str] = "stackyard:index:GpuPool"

    node_pools: list[pulumi.Output[str]]
    """The NodePools, in order of preference."""

    def __init__(
        self,
        name: str,
        config: GpuPoolConfig,
        *,
        pool: str,
        wiring: PoolWiring,
        device_plugin: DevicePluginWiring | None,
        efa_device_plugin: DevicePluginWiring | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the pool's name, the wiring of all pools of the stage, and of device plugins.

        Without a device plugin a node offers no GPU to pods, so `device_plugin` is None only where
        something else brings one, such as NVIDIA's GPU operator; `efa_device_plugin` likewise
        offers the EFA interfaces of a pool with `efa`.
        """
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
        if device_plugin is not None and contract.device_plugin is not None:
            DevicePlugin(
                self.named("device-plugin"),
                stack=wiring.stack,
                pool=pool,
                reference=contract.reference,
                wiring=device_plugin,
                opts=self.child(aliases=[_former_plugin(pool)]),
            )
        if efa_device_plugin is not None and contract.efa_per_node:
            EfaDevicePlugin(
                self.named("efa-device-plugin"),
                stack=wiring.stack,
                pool=pool,
                reference=contract.reference,
                wiring=efa_device_plugin,
                opts=self.child(),
            )
        self.publish()


def _former_plugin(pool: str) -> pulumi.Alias:
    """Return the device plugin of a stack in which it stood beside the pool, not in it."""
    return pulumi.Alias(name=f"device-plugin-{pool}", parent=pulumi.ROOT_STACK_RESOURCE)
