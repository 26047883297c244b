"""The models that a project serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard._component import Component
from stackyard.contracts import GpuPoolFacts
from stackyard.naming import StackId, namespace_name
from stackyard.serving import objects
from stackyard.serving.config import ModelServerConfig, ServingConfig


class ModelServers(Component):
    """Each model behind one address; only the delivery role changes which image serves.

    The Deployment of a model that the pipeline releases is the pipeline's: two owners would undo
    each other's changes.
    """

    TYPE: ClassVar[str] = "stackyard:index:ModelServers"

    addresses: dict[str, str]
    """Address in the cluster by model."""

    def __init__(
        self,
        name: str,
        config: ServingConfig,
        *,
        stack: StackId,
        namespace: pulumi.Input[str],
        registry: str,
        region: str,
        pools: Mapping[str, GpuPoolFacts],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the namespace, the registry of project images, and the stage's GPU pools."""
        super().__init__(name, config, opts=opts)
        self._stack, self._namespace = stack, namespace
        self._place: dict[str, Any] = {"stack": stack, "registry": registry, "region": region}
        own = namespace_name(stack)
        self.addresses = {model: objects.host(own, model) for model in config.models}
        for model, server in config.models.items():
            pool = pools[server.gpu_pool] if server.gpu_pool else None
            made = [self._serve(model, server, pods, pool) for pods in objects.tracks(server)]
            self._open(model, server, [each for some in made for each in some])
        self.publish()

    def _serve(
        self, model: str, config: ModelServerConfig, pods: objects.Pods, pool: GpuPoolFacts | None
    ) -> list[pulumi.Resource]:
        """Make the pods of one version, and what sizes them."""
        role, name = f"{model}-{pods.track}", objects.deployment_name(model, pods.track)
        made: list[pulumi.Resource] = []
        if pods.release is not None:
            spec: Any = objects.deployment(config, pods, model=model, pool=pool, **self._place)
            made = [
                k8s.apps.v1.Deployment(
                    self.named(role),
                    metadata=self._metadata(name, model),
                    spec=spec,
                    opts=self.child(),
                )
            ]
        if pods.least < pods.most:
            scaling: Any = objects.autoscaler(config, pods, model)
            k8s.autoscaling.v2.HorizontalPodAutoscaler(
                self.named(f"{role}-autoscaler"),
                metadata=self._metadata(name, model),
                spec=scaling,
                opts=self.child(depends_on=made),
            )
        return made

    def _open(
        self, model: str, config: ModelServerConfig, deployments: Sequence[pulumi.Resource]
    ) -> None:
        """Give the model its address, its callers, and a limit to what maintenance may take."""
        address: Any = objects.service(self._stack, model)
        # A Service counts as ready when pods are behind it, and before a release none are.
        released = {} if config.release else {"pulumi.com/skipAwait": "true"}
        k8s.core.v1.Service(
            self.named(f"{model}-service"),
            metadata=self._metadata(model, model, annotations=released),
            spec=address,
            opts=self.child(depends_on=list(deployments)),
        )
        budget: Any = {
            "maxUnavailable": 1,
            "selector": {"matchLabels": objects.selector(self._stack, model)},
        }
        k8s.policy.v1.PodDisruptionBudget(
            self.named(f"{model}-disruptions"),
            metadata=self._metadata(model, model),
            spec=budget,
            opts=self.child(),
        )
        wall: Any = objects.wall(self._stack, model, config.allowed_callers)
        k8s.networking.v1.NetworkPolicy(
            self.named(f"{model}-callers"),
            metadata=self._metadata(f"serving-{model}", model),
            spec=wall,
            opts=self.child(),
        )

    def _metadata(self, name: str, model: str, annotations: Mapping[str, str] | None = None) -> Any:
        return {
            "name": name,
            "namespace": self._namespace,
            "labels": objects.labels(self._stack, model),
            **({"annotations": dict(annotations)} if annotations else {}),
        }
