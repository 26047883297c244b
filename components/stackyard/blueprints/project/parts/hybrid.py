"""The project's namespace and workload identity on every on-premises cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from stackyard.access.grants import Compiled
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.permissions import namespace_rules
from stackyard.blueprints.providers import onprem_provider
from stackyard.blueprints.wiring import pool_refs
from stackyard.contracts import ContractError, GpuPoolFacts, OnPremFacts, ServicesContract
from stackyard.namespace.component import ProjectNamespace
from stackyard.naming import StackId
from stackyard.onprem.component import CloudPlace, OnPremWorkloads
from stackyard.queueing.component import ProjectQueue
from stackyard.references import OnPremClusterRef
from stackyard.run_settings import ComponentOptions
from stackyard.tracking import server


class Hybrid:
    """The project's namespace on every registered cluster, and what pods are told on each."""

    def __init__(
        self,
        stack: StackId,
        config: ProjectConfig,
        services: ServicesContract,
        documents: Compiled,
        gpu_resources: Sequence[str],
    ) -> None:
        """Take what namespaces on premises share with the one in the cloud."""
        self._stack, self._config, self._services = stack, config, services
        self._documents, self._gpu_resources = documents, gpu_resources

    def declare(
        self,
        namespace: pulumi.Input[str],
        pools: Mapping[str, GpuPoolFacts],
        opts: ComponentOptions,
    ) -> None:
        """Declare everything; `namespace` and `pools` are those in the cloud.

        `opts` has the AWS provider and that of the cloud's cluster.
        """
        CloudPlace(
            "place", stack=self._stack, region=self._config.region, namespace=namespace, opts=opts
        )
        self._queue("queue", pools, namespace, opts)
        for cluster, facts in self._services.onprem.items():
            self._spread(cluster, facts, opts)

    def _spread(self, cluster: str, facts: OnPremFacts, opts: ComponentOptions) -> None:
        there = ComponentOptions(opts.settings, providers=[onprem_provider(cluster, facts)])
        namespace = ProjectNamespace(
            f"namespace-{cluster}",
            self._config.namespace,
            stack=self._stack,
            cluster_name=None,
            gpu_resources=self._gpu_resources,
            rules=namespace_rules(self._config, queued=self._services.queueing is not None),
            role_arns={},
            opts=there,
        )
        self._queue(f"queue-{cluster}", facts.gpu_pools, namespace.ready, there)
        OnPremWorkloads(
            f"workloads-{cluster}",
            stack=self._stack,
            cluster=OnPremClusterRef(cluster, facts.issuer, facts.issuer_arn),
            region=self._config.region,
            namespace=namespace.ready,
            trainer_policy=self._documents.roles["trainer"].policy,
            clients=self._clients(cluster),
            opts=pulumi.ResourceOptions.merge(opts, there),
        )

    def _queue(
        self,
        name: str,
        pools: Mapping[str, GpuPoolFacts],
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        if self._services.queueing is not None:
            ProjectQueue(
                name,
                self._config.namespace,
                stack=self._stack,
                pools=pool_refs(pools),
                namespace=namespace,
                opts=opts,
            )

    def _clients(self, cluster: str) -> Mapping[str, Mapping[str, Any]]:
        tracking = self._config.tracking
        if tracking is None:
            return {}
        if tracking.external_uri is None:
            raise ContractError(
                str(self._stack),
                f"`tracking.external_uri` is missing, and jobs on `{cluster}` must reach tracking",
                "put a private load balancer before the server and write its address there",
            )
        return {server.NAME: server.client_settings(tracking, self._stack, outside=True)}
