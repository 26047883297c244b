"""Starts the sandbox's stand-ins for on-premises clusters, when a preview or an apply needs them.

On target `aws` the clusters are real and their kubeconfigs give access to them; nothing is started.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TYPE_CHECKING

from stackyard_cli.errors import StackyardError

if TYPE_CHECKING:
    from stackyard.onprem.config import OnPremClusterConfig, OnPremConfig
    from stackyard.references import GpuPoolRef
    from stackyard_sandbox.onprem import ClusterSpec, Node


class OnPremClusters:
    """The on-premises clusters of one stack file; a prerequisite of its preview and its apply.

    Creating an object starts nothing: a control plane needs about 500 MB, so it starts on first
    use.
    """

    def __init__(self, config: OnPremConfig) -> None:
        self._config = config
        self._started: Future[None] | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Start the control planes that are not running, in a background thread."""
        self._begin()

    def wait(self) -> None:
        """Start them if needed and wait until they run; raises StackyardError if one fails."""
        self._begin().result()

    def _begin(self) -> Future[None]:
        with self._lock:
            if self._started is None:
                self._started = Future()
                # Not a daemon thread: if the process exited in between, a partly created control
                # plane would remain.
                Thread(target=self._provide, args=[self._started], name="on-premises").start()
            return self._started

    def _provide(self, started: Future[None]) -> None:
        from stackyard_sandbox import daemon
        from stackyard_sandbox.state import SandboxError

        try:
            daemon.provide([_spec(name, one) for name, one in self._config.clusters.items()])
        except SandboxError as error:
            started.set_exception(StackyardError(error.message, hint=error.hint))
        except BaseException as error:
            started.set_exception(error)
        else:
            started.set_result(None)


def _spec(name: str, config: OnPremClusterConfig) -> ClusterSpec:
    from stackyard.onprem.contract import pool_ref
    from stackyard_sandbox.onprem import ClusterSpec

    nodes = [
        node
        for pool, one in config.gpu_pools.items()
        for node in _nodes(pool, one.nodes, pool_ref(pool, one))
    ]
    return ClusterSpec(name, config.kubeconfig, config.context, config.issuer, tuple(nodes))


def _nodes(pool: str, count: int, reference: GpuPoolRef) -> Iterator[Node]:
    """Yield a pool's nodes with the labels and taints that docs/concerns.md asks owners to set."""
    from stackyard_sandbox.onprem import Node

    taint = {"key": reference.taint_key, "value": reference.taint_value, "effect": "NoSchedule"}
    for index in range(count):
        yield Node(
            name=f"{pool}-{index}",
            labels=reference.node_selector,
            taint=taint,
            resource=reference.resource,
            gpus=reference.gpus_per_node,
        )
