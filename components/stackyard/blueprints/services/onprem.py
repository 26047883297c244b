"""The part of the services program about clusters on premises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from stackyard import contracts
from stackyard.blueprints.providers import onprem_provider
from stackyard.blueprints.wiring import pool_facts, pool_refs
from stackyard.cluster.priorities import PriorityClasses
from stackyard.contracts import ContractError, OnPremFacts, ServicesContract
from stackyard.naming import StackId
from stackyard.onprem.component import OnPremCluster
from stackyard.onprem.config import OnPremClusterConfig, OnPremConfig
from stackyard.onprem.contract import pool_ref
from stackyard.onprem.registrars import upstream_name
from stackyard.queueing.component import StageQueues
from stackyard.run_settings import ComponentOptions


def register(
    stack: StackId,
    config: OnPremConfig,
    queueing: Literal["kueue"] | None,
    upstreams: Mapping[str, StackId],
    opts: ComponentOptions,
) -> dict[str, dict[str, Any]]:
    """Register the clusters with AWS, give them the stage's priorities, and return their facts.

    Clusters that another stage registers have all that already; `upstreams` has its services.
    """
    return {
        name: _register(stack, name, one, queueing, opts)
        if one.registered_by in (None, stack.stage)
        else _registered(upstreams[upstream_name(str(one.registered_by))], name, one, queueing)
        for name, one in config.clusters.items()
    }


def _register(
    stack: StackId,
    name: str,
    config: OnPremClusterConfig,
    queueing: Literal["kueue"] | None,
    opts: ComponentOptions,
) -> dict[str, Any]:
    # A stage that names itself changes nothing: its stack may be there without the name.
    unnamed = config.model_copy(update={"registered_by": None})
    cluster = OnPremCluster(f"onprem-{name}", unnamed, opts=opts)
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
    # Without the stage that registers it: that is this one.
    plain = facts.model_dump(mode="json", exclude={"registered_by"})
    return {**plain, "issuer_arn": cluster.issuer_arn}


def _registered(
    registrar: StackId,
    name: str,
    config: OnPremClusterConfig,
    queueing: Literal["kueue"] | None,
) -> dict[str, Any]:
    """Return the facts about a cluster as the stage that registers it has published them.

    Raises ContractError if it has not, or registered another cluster by that name.
    """
    contract = contracts.read(ServicesContract, registrar.reference, str(registrar))
    facts, hint = contract.onprem.get(name), f"run `stackyard up {registrar}`"
    if facts is None or facts.registered_by is not None:
        raise ContractError(str(registrar), f"has not registered the cluster `{name}`", hint)
    told = (facts.kubeconfig, facts.context, facts.issuer, contract.queueing)
    if told != (config.kubeconfig, config.context, config.issuer, queueing):
        problem = f"registered `{name}` with another kubeconfig, context, issuer or queueing"
        raise ContractError(str(registrar), problem, hint)
    return {**facts.model_dump(mode="json"), "registered_by": registrar.stage}
