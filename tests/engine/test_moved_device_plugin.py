"""The device plugin that moved into its GPU pool: a stack applied before keeps every object of it.

A cloud that is a folder stands for the cluster.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard import (
    DevicePlugin,
    DevicePluginWiring,
    GpuContract,
    GpuLimitsConfig,
    GpuPool,
    GpuPoolConfig,
    NodeImagesConfig,
    NodeWiring,
    PoolWiring,
    StackId,
)
from tests.support.automation import ProgramStack

from .harness import Harness

STACK = StackId("platform", "services", "dev")
CONFIG = GpuPoolConfig(instance_types=["g5.xlarge"], limits=GpuLimitsConfig(gpus=2))
NODES = NodeWiring("nodes", ["subnet-1"], "sg-1")
POOLS = PoolWiring(STACK, NODES, NodeImagesConfig(), ready=[])
PLUGINS = DevicePluginWiring("stackyard-gpu", "nvidia/k8s-device-plugin:v0.17.1")


class Stack(ProgramStack):
    """A GPU pool with its device plugin, in it or, as formerly, beside it."""

    beside = True

    def make(self) -> None:
        GpuPool(
            "gpu-training",
            CONFIG,
            pool="training",
            wiring=POOLS,
            device_plugin=None if self.beside else PLUGINS,
        )
        if self.beside:
            DevicePlugin(
                "device-plugin-training",
                stack=STACK,
                pool="training",
                reference=GpuContract("training", CONFIG).reference,
                wiring=PLUGINS,
            )


@pytest.fixture
def stack(harness: Harness, tmp_path: Path) -> Stack:
    port = harness.location.environment["PULUMI_DEBUG_PROVIDERS"].partition(":")[2]
    return Stack(tmp_path, "kubernetes", int(port))


def test_the_plugin_keeps_its_objects(stack: Stack, harness: Harness) -> None:
    stack.up()
    before = harness.ids()
    assert len(before) == 4, "node class, NodePool, config map and DaemonSet"
    stack.beside = False
    assert stack.steps() == {}
    stack.up()
    assert harness.ids() == before
    assert set(stack.preview()) == {"same"}
