"""Kueue objects of a stage and of a project; the cluster must run Kueue.

Fair sharing between projects is a setting of Kueue itself:
https://kueue.sigs.k8s.io/docs/concepts/fair_sharing/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.namespace.config import NamespaceConfig
from stackyard.naming import StackId, namespace_name
from stackyard.queueing import objects
from stackyard.references import GpuPoolRef


class StageQueues(Component):
    """The shared queueing objects of one cluster: a flavor for each GPU pool, and the cohort."""

    TYPE: ClassVar[str] = "stackyard:index:StageQueues"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        pools: Mapping[str, GpuPoolRef],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster's GPU pools."""
        super().__init__(name, Config(), opts=opts)
        labels = kubernetes.labels(stack, "queueing")
        flavors = {objects.flavor_name(pool): objects.flavor(one) for pool, one in pools.items()}
        made = [
            _object(
                self.named(f"flavor-{flavor}"),
                "ResourceFlavor",
                {"name": flavor, "labels": labels},
                spec,
                self.child(),
            )
            for flavor, spec in {objects.GENERAL: {}, **flavors}.items()
        ]
        _object(
            self.named("cohort"),
            "Cohort",
            {"name": objects.COHORT, "labels": labels},
            objects.cohort(pools),
            self.child(depends_on=made),
        )
        self.publish()


class ProjectQueue(Component):
    """The queue of a project's jobs on one cluster."""

    TYPE: ClassVar[str] = "stackyard:index:ProjectQueue"

    def __init__(
        self,
        name: str,
        config: NamespaceConfig,
        *,
        stack: StackId,
        pools: Mapping[str, GpuPoolRef],
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster's GPU pools, and the namespace, known once it exists."""
        super().__init__(name, config, opts=opts)
        labels, own = kubernetes.labels(stack, "queueing"), namespace_name(stack)
        queue = _object(
            self.named("cluster-queue"),
            "ClusterQueue",
            {"name": own, "labels": labels},
            objects.cluster_queue(own, config, pools),
            self.child(),
        )
        _object(
            self.named("local-queue"),
            "LocalQueue",
            {"name": objects.QUEUE, "namespace": namespace, "labels": labels},
            objects.local_queue(own),
            self.child(depends_on=[queue]),
        )
        self.publish()


def _object(
    name: str,
    kind: str,
    metadata: Mapping[str, Any],
    spec: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> k8s.apiextensions.CustomResource:
    return k8s.apiextensions.CustomResource(
        name,
        api_version=objects.API_VERSION,
        kind=kind,
        metadata=k8s.meta.v1.ObjectMetaArgs(**metadata),
        spec=dict(spec),
        opts=opts,
    )
