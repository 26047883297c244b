"""Metrics of a cluster's objects, for every project's collector: kube-state-metrics."""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard._component import Component
from stackyard.cluster.agents import bind_cluster_role
from stackyard.config import Config
from stackyard.container import Program, Size
from stackyard.monitoring.rules import CLUSTER_METRICS as NAME
from stackyard.monitoring.rules import CLUSTER_METRICS_PORT as PORT
from stackyard.naming import StackId
from stackyard.workload import Workload

WATCHED = {"": ["pods", "resourcequotas"], "apps": ["deployments"], "batch": ["jobs"]}
"""Resources that alerts use, by API group; no Secrets and no ConfigMaps."""


class ClusterMetrics(Component):
    """The state of pods, Deployments, Jobs and quotas, as metrics.

    Only pods of its own namespace can connect to it, and no project can start pods there: its
    metrics contain the names of all pods of all projects.
    """

    TYPE: ClassVar[str] = "stackyard:index:ClusterMetrics"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        namespace: pulumi.Input[str],
        image: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: its placement and its image."""
        super().__init__(name, Config(), opts=opts)
        self._work = Workload(stack, NAME, image)
        self._namespace = namespace
        self._metadata = self._work.metadata(namespace)
        self._make_account()
        self._make_deployment()
        k8s.core.v1.Service(
            self.named("service"),
            metadata=self._metadata,
            spec=k8s.core.v1.ServiceSpecArgs(
                selector=self._work.selector,
                ports=[k8s.core.v1.ServicePortArgs(name="metrics", port=PORT, target_port=PORT)],
            ),
            opts=self.child(),
        )
        self._make_ingress_policy()
        self.publish()

    def _make_account(self) -> None:
        self._work.account(self.named("account"), self._namespace, self.child())
        rules = [
            k8s.rbac.v1.PolicyRuleArgs(
                api_groups=[group], resources=resources, verbs=["list", "watch"]
            )
            for group, resources in WATCHED.items()
        ]
        bind_cluster_role(
            self, stack=self._work.stack, agent=NAME, namespace=self._namespace, rules=rules
        )

    def _make_deployment(self) -> None:
        watched = ",".join(kind for kinds in WATCHED.values() for kind in kinds)
        program = Program(["/kube-state-metrics", f"--resources={watched}", f"--port={PORT}"], {})
        ready = k8s.core.v1.HTTPGetActionArgs(path="/", port=PORT)
        container = self._work.container(
            NAME,
            program,
            Size("500m", "512Mi"),
            ports=[k8s.core.v1.ContainerPortArgs(name="metrics", container_port=PORT)],
            readiness_probe=k8s.core.v1.ProbeArgs(http_get=ready),
            # Not `/livez`, which queries the API server: restarts would make an outage of it worse.
            liveness_probe=k8s.core.v1.ProbeArgs(http_get=ready, initial_delay_seconds=30),
        )
        k8s.apps.v1.Deployment(
            self.named("deployment"),
            metadata=self._metadata,
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=self._work.selector),
                template=self._work.template([container], asks_api=True),
            ),
            opts=self.child(),
        )

    def _make_ingress_policy(self) -> None:
        peer = k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=k8s.meta.v1.LabelSelectorArgs())
        k8s.networking.v1.NetworkPolicy(
            self.named("scraping"),
            metadata=self._metadata,
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=self._work.selector),
                policy_types=["Ingress"],
                ingress=[
                    k8s.networking.v1.NetworkPolicyIngressRuleArgs(
                        from_=[peer],
                        ports=[k8s.networking.v1.NetworkPolicyPortArgs(port=PORT, protocol="TCP")],
                    )
                ],
            ),
            opts=self.child(),
        )
