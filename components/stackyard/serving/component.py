"""The model servers of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard._component import Component
from stackyard.naming import StackId
from stackyard.references import GpuPoolRef
from stackyard.serving import objects
from stackyard.serving.config import ModelServerConfig, ServingConfig
from stackyard.serving.layout import address, deployment_name


class ModelServers(Component):
    """One Service per model; only the delivery role changes the image that serves.

    This component does not create the Deployment of a model that the pipeline releases: two owners
    would revert each other's changes.
    """

    TYPE: ClassVar[str] = "stackyard:index:ModelServers"

    addresses: dict[str, pulumi.Output[str]]
    """URL in the cluster by model; known once the Service exists."""

    def __init__(
        self,
        name: str,
        config: ServingConfig,
        *,
        stack: StackId,
        namespace: pulumi.Input[str],
        registry: str,
        region: str,
        pools: Mapping[str, GpuPoolRef],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the namespace, the registry of project images, and the GPU pools by name."""
        super().__init__(name, config, opts=opts)
        self._stack, self._namespace = stack, namespace
        self.addresses = {}
        for model, one in config.models.items():
            pool = pools[one.gpu_pool] if one.gpu_pool else None
            server = objects.Server(stack, model, one, registry, region, pool)
            made = [self._make_pods(server, pods) for pods in objects.tracks(one)]
            self.addresses[model] = self._make_service(
                model, one, [each for some in made for each in some]
            )
            self._make_disruption_budget(model)
            self._make_ingress_policy(model, one.allowed_callers)
        self.publish()

    def _make_pods(self, server: objects.Server, pods: objects.Pods) -> list[pulumi.Resource]:
        """Create Deployment and autoscaler of one version; return the Deployment, if any."""
        model = server.model
        role, name = f"{model}-{pods.track}", deployment_name(model, pods.track)
        made: list[pulumi.Resource] = []
        if pods.release is not None:
            made = [
                k8s.apps.v1.Deployment(
                    self.named(role),
                    metadata=self._metadata(name, model),
                    spec=objects.deployment(server, pods),
                    opts=self.child(),
                )
            ]
        if pods.least < pods.most:
            k8s.autoscaling.v2.HorizontalPodAutoscaler(
                self.named(f"{role}-autoscaler"),
                metadata=self._metadata(name, model),
                spec=objects.autoscaler(server.config, pods, model),
                opts=self.child(depends_on=made),
            )
        return made

    def _make_service(
        self, model: str, config: ModelServerConfig, deployments: Sequence[pulumi.Resource]
    ) -> pulumi.Output[str]:
        # A Service counts as ready once it has pods, and before a release it has none.
        unreleased = {} if config.release else {"pulumi.com/skipAwait": "true"}
        made = k8s.core.v1.Service(
            self.named(f"{model}-service"),
            metadata=self._metadata(model, model, annotations=unreleased),
            spec=objects.service(self._stack, model),
            opts=self.child(depends_on=list(deployments)),
        )
        return pulumi.Output.all(made.metadata.namespace, made.metadata.name).apply(
            lambda names: address(*names)
        )

    def _make_disruption_budget(self, model: str) -> None:
        k8s.policy.v1.PodDisruptionBudget(
            self.named(f"{model}-disruptions"),
            metadata=self._metadata(model, model),
            spec=objects.disruption_budget(self._stack, model),
            opts=self.child(),
        )

    def _make_ingress_policy(self, model: str, callers: Sequence[str]) -> None:
        k8s.networking.v1.NetworkPolicy(
            self.named(f"{model}-callers"),
            metadata=self._metadata(f"serving-{model}", model),
            spec=objects.ingress_policy(self._stack, model, callers),
            opts=self.child(),
        )

    def _metadata(
        self, name: str, model: str, annotations: Mapping[str, str] | None = None
    ) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._namespace,
            labels=objects.labels(self._stack, model),
            annotations=annotations or None,
        )
