"""Kueue objects of a stage and of a project; the cluster must run Kueue.

Fair sharing between projects is a setting of Kueue itself:
https://kueue.sigs.k8s.io/docs/concepts/fair_sharing/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi

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
            kubernetes.custom_resource(
                self.named(f"flavor-{flavor}"),
                (objects.API_VERSION, "ResourceFlavor"),
                {"name": flavor, "labels": labels},
                spec,
                self.child(),
            )
            for flavor, spec in {objects.GENERAL: {}, **flavors}.items()
        ]
        kubernetes.custom_resource(
            self.named("cohort"),
            (objects.API_VERSION, "Cohort"),
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
        queue = kubernetes.custom_resource(
            self.named("cluster-queue"),
            (objects.API_VERSION, "ClusterQueue"),
            {"name": own, "labels": labels},
            objects.cluster_queue(own, config, pools),
            self.child(),
        )
        kubernetes.custom_resource(
            self.named("local-queue"),
            (objects.API_VERSION, "LocalQueue"),
            {"name": objects.QUEUE, "namespace": namespace, "labels": labels},
            objects.local_queue(own),
            self.child(depends_on=[queue]),
        )
        self.publish()
