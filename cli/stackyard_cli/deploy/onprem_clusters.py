"""Clusters on premises of an estate in the sandbox: made by it, while something else goes on.

On target `aws` they are real, and their kubeconfigs lead to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Literal

from stackyard_cli.clients.kubeconfig import KubeconfigCluster
from stackyard_cli.errors import StackyardError

if TYPE_CHECKING:
    from stackyard.contracts import GpuPoolFacts, OnPremFacts
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


def reached(
    target: Literal["aws", "sandbox"], clusters: Mapping[str, OnPremFacts]
) -> dict[str, KubeconfigCluster]:
    """Return how clusters are reached: by the kubeconfigs that were declared, or the sandbox's."""
    found = {
        name: KubeconfigCluster(facts.kubeconfig, facts.context) for name, facts in clusters.items()
    }
    if target == "aws" or not found:
        return found
    from stackyard_sandbox.onprem import OnPremises
    from stackyard_sandbox.paths import sandbox_home

    here = OnPremises(sandbox_home())
    planes = {name: here.find(one.kubeconfig, one.context) for name, one in found.items()}
    own = {
        name: KubeconfigCluster(str(plane.kubeconfig_path), None)
        for name, plane in planes.items()
        if plane is not None
    }
    return found | own


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
