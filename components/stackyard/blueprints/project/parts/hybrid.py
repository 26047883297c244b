"""The part of the project program about on-premises clusters: namespace, queue, pod identity."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from stackyard.access.grants import Compiled
from stackyard.blueprints.project.parts.environment import ProjectEnvironment
from stackyard.blueprints.project.parts.permissions import namespace_rules
from stackyard.blueprints.providers import onprem_provider
from stackyard.blueprints.wiring import pool_refs
from stackyard.contracts import ContractError, OnPremFacts
from stackyard.namespace.component import ProjectNamespace
from stackyard.onprem.component import CloudPlace, OnPremWorkloads
from stackyard.queueing.component import ProjectQueue
from stackyard.references import GpuPoolRef, OnPremClusterRef
from stackyard.run_settings import ComponentOptions
from stackyard.tracking import server


def make_hybrid(
    environment: ProjectEnvironment,
    *,
    documents: Compiled,
    namespace: pulumi.Input[str],
    opts: ComponentOptions,
) -> None:
    """Create the cloud's ConfigMap and queue, and the project's part of each on-premises cluster.

    `namespace` is the one in the cloud; `opts` has the providers of AWS and of the cloud cluster.
    """
    CloudPlace(
        "place",
        stack=environment.stack,
        region=environment.config.region,
        namespace=namespace,
        opts=opts,
    )
    _make_queue(environment, "queue", environment.pools, namespace, opts)
    for cluster, facts in environment.services.onprem.items():
        _make_onprem(environment, documents, cluster, facts, opts)


def _make_onprem(
    environment: ProjectEnvironment,
    documents: Compiled,
    cluster: str,
    facts: OnPremFacts,
    opts: ComponentOptions,
) -> None:
    config = environment.config
    there = ComponentOptions(opts.settings, providers=[onprem_provider(cluster, facts)])
    namespace = ProjectNamespace(
        f"namespace-{cluster}",
        config.namespace,
        stack=environment.stack,
        eks=None,
        gpu_resources=environment.gpu_resources,
        rules=namespace_rules(config, queued=environment.queued),
        opts=there,
    )
    pools = pool_refs(facts.gpu_pools)
    _make_queue(environment, f"queue-{cluster}", pools, namespace.namespace, there)
    OnPremWorkloads(
        f"workloads-{cluster}",
        stack=environment.stack,
        cluster=OnPremClusterRef(cluster, facts.issuer, facts.issuer_arn),
        region=config.region,
        namespace=namespace.namespace,
        trainer_policy=documents.roles["trainer"].policy,
        clients=_client_settings(environment, cluster),
        opts=pulumi.ResourceOptions.merge(opts, there),
    )


def _make_queue(
    environment: ProjectEnvironment,
    name: str,
    pools: Mapping[str, GpuPoolRef],
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    if environment.queued:
        ProjectQueue(
            name,
            environment.config.namespace,
            stack=environment.stack,
            pools=pools,
            namespace=namespace,
            opts=opts,
        )


def _client_settings(environment: ProjectEnvironment, cluster: str) -> dict[str, dict[str, str]]:
    """Return the settings of clients on premises by ConfigMap, with the tracking server's address.

    Raises ContractError if the server has no address outside of the cloud cluster.
    """
    stack, tracking = environment.stack, environment.config.tracking
    if tracking is None:
        return {}
    if tracking.external_uri is None:
        raise ContractError(
            str(stack),
            f"`tracking.external_uri` is missing, and jobs on `{cluster}` must reach tracking",
            "put a private load balancer before the server and write its address there",
        )
    return {server.NAME: server.client_settings(tracking, stack, outside=True)}
