"""Elastic Fabric Adapter: interfaces by which the nodes of a pool exchange gradients.

Karpenter attaches EFA interfaces to a node that it makes for a pod that asks for them, as many as
the type has: https://karpenter.sh/docs/concepts/scheduling/#accelerators-gpu-resources. The node
offers them once AWS's device plugin runs on it:
https://docs.aws.amazon.com/eks/latest/userguide/node-efa.html. The security group that EKS makes
for a cluster admits the traffic in both directions, so no rule is added:
https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.cluster.agents import daemon_set
from stackyard.config import Config
from stackyard.gpu.device_plugin import SOCKETS, DevicePluginWiring, plugin_pod
from stackyard.naming import StackId
from stackyard.references import GpuPoolRef

NAME = "efa-device-plugin"
"""Component label of the plugin's objects."""

DEVICES = "/dev/infiniband"
"""Devices of EFA interfaces on a node."""


class EfaDevicePlugin(Component):
    """AWS's device plugin for EFA on the nodes of one pool, as its chart declares it.

    It needs the kubelet's socket directory and the node's network, so its namespace cannot be at a
    stricter Pod Security level than `privileged`; the container has no privilege and no capability.
    Chart: https://github.com/aws/eks-charts/tree/master/stable/aws-efa-k8s-device-plugin.
    """

    TYPE: ClassVar[str] = "stackyard:index:EfaDevicePlugin"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        pool: str,
        reference: GpuPoolRef,
        wiring: DevicePluginWiring,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the pool's name and reference, and what the plugins of all pools share."""
        super().__init__(name, Config(), opts=opts)
        labels = kubernetes.labels(stack, NAME, gpu_pool=pool)
        k8s.apps.v1.DaemonSet(
            self.named("daemon-set"),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=f"{NAME}-{pool}", namespace=wiring.namespace, labels=labels
            ),
            spec=daemon_set(
                _pod(reference, wiring.image),
                labels=labels,
                selector=kubernetes.selector(stack, NAME, gpu_pool=pool),
            ),
            opts=self.child(),
        )
        self.publish()


def _pod(pool: GpuPoolRef, image: str) -> k8s.core.v1.PodSpecArgs:
    paths = {"sockets": SOCKETS, "devices": DEVICES}
    # A node that was made for a pod without EFA has no such devices, so no type is asked for.
    volumes = [
        k8s.core.v1.VolumeArgs(name=name, host_path=k8s.core.v1.HostPathVolumeSourceArgs(path=path))
        for name, path in paths.items()
    ]
    return plugin_pod(pool, _container(image, paths), volumes, host_network=True)


def _container(image: str, paths: dict[str, str]) -> k8s.core.v1.ContainerArgs:
    return k8s.core.v1.ContainerArgs(
        name=NAME,
        image=image,
        resources=k8s.core.v1.ResourceRequirementsArgs(
            requests={"cpu": "10m", "memory": "20Mi"},
            limits={"cpu": "100m", "memory": "128Mi"},
        ),
        security_context=kubernetes.restricted_container(read_only=True),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(name=name, mount_path=path) for name, path in paths.items()
        ],
    )
