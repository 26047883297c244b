"""Clusters on premises of an estate in the sandbox: made by it, while something else goes on.

On target `aws` they are real, and their kubeconfigs lead to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

from stackyard_cli.errors import StackyardError

if TYPE_CHECKING:
    from stackyard.contracts import GpuPoolFacts
    from stackyard.onprem.config import OnPremClusterConfig, OnPremConfig
    from stackyard_sandbox.onprem import Node, Wanted


def begin(config: OnPremConfig) -> Callable[[], None]:
    """Begin to make the sandbox's clusters what the config declares; return how to wait for it.

    Waiting raises StackyardError if one did not come up.
    """
    from stackyard_sandbox import daemon
    from stackyard_sandbox.state import SandboxError

    wanted = [_wanted(name, cluster) for name, cluster in config.clusters.items()]
    made: Future[None] = Future()

    def make() -> None:
        try:
            daemon.provide(wanted)
        except SandboxError as error:
            made.set_exception(StackyardError(error.message, hint=error.hint))
        except BaseException as error:
            made.set_exception(error)
        else:
            made.set_result(None)

    Thread(target=make, name="clusters on premises").start()
    return made.result


def _wanted(name: str, config: OnPremClusterConfig) -> Wanted:
    from stackyard.onprem.contract import pool_facts
    from stackyard_sandbox.onprem import Wanted

    nodes = [
        node
        for pool, one in config.gpu_pools.items()
        for node in _nodes(pool, one.nodes, pool_facts(pool, one))
    ]
    return Wanted(name, config.kubeconfig, config.context, config.issuer, tuple(nodes))


def _nodes(pool: str, count: int, facts: GpuPoolFacts) -> Iterator[Node]:
    """Yield the nodes of a pool, labelled and tainted as `docs/concerns.md` tells their owners."""
    from stackyard_sandbox.onprem import Node

    taint = {"key": facts.taint_key, "value": facts.taint_value, "effect": "NoSchedule"}
    for index in range(count):
        yield Node(
            name=f"{pool}-{index}",
            labels=facts.node_selector,
            taint=taint,
            resource=facts.resource,
            gpus=facts.gpus_per_node,
        )
