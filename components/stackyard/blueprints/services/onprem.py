"""The part of the services program about clusters on premises."""

from __future__ import annotations

from typing import Any, Literal

from stackyard.blueprints.providers import onprem_provider
from stackyard.blueprints.wiring import pool_facts, pool_refs
from stackyard.cluster.priorities import PriorityClasses
from stackyard.contracts import OnPremFacts
from stackyard.naming import StackId
from stackyard.onprem.component import OnPremCluster
from stackyard.onprem.config import OnPremClusterConfig, OnPremConfig
from stackyard.onprem.contract import pool_ref
from stackyard.queueing.component import StageQueues
from stackyard.run_settings import ComponentOptions


def register(
    stack: StackId,
    config: OnPremConfig,
    queueing: Literal["kueue"] | None,
    opts: ComponentOptions,
) -> dict[str, dict[str, Any]]:
    """Register the clusters with AWS, give them the stage's priorities, and return their facts."""
    return {
        name: _register(stack, name, one, queueing, opts) for name, one in config.clusters.items()
    }


def _register(
    stack: StackId,
    name: str,
    config: OnPremClusterConfig,
    queueing: Literal["kueue"] | None,
    opts: ComponentOptions,
) -> dict[str, Any]:
    cluster = OnPremCluster(f"onprem-{name}", config, opts=opts)
    facts = OnPremFacts(
        version=OnPremFacts.VERSION,
        kubeconfig=config.kubeconfig,
        context=config.context,
        issuer=config.issuer,
        issuer_arn="",
        gpu_pools={pool: pool_facts(pool_ref(pool, one)) for pool, one in config.gpu_pools.items()},
    )
    there = ComponentOptions(opts.settings, providers=[onprem_provider(name, facts)])
    PriorityClasses(f"onprem-{name}-priorities", stack=stack, opts=there)
    if queueing is not None:
        StageQueues(
            f"onprem-{name}-queues", stack=stack, pools=pool_refs(facts.gpu_pools), opts=there
        )
    return {**facts.model_dump(mode="json"), "issuer_arn": cluster.issuer_arn}
