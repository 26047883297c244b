"""NVIDIA's device plugin, which offers the GPUs of a pool's nodes to the scheduler."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.cluster.agents import config_digest, daemon_set
from stackyard.config import Config
from stackyard.gpu.contract import toleration
from stackyard.naming import StackId
from stackyard.references import GpuPoolRef

NAME = "device-plugin"
"""Component label of the plugin's objects."""

SOCKETS = "/var/lib/kubelet/device-plugins"
"""Directory in which a plugin registers with the kubelet,
https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/."""


@dataclass(frozen=True)
class DevicePluginWiring:
    """The wiring that the device plugins of all pools of a cluster share."""

    namespace: pulumi.Input[str]
    """Their namespace, at the Pod Security level `privileged`."""

    image: str


class DevicePlugin(Component):
    """The device plugin on the nodes of one pool, with that pool's sharing settings.

    It mounts the kubelet's socket directory, so its namespace needs the Pod Security level
    `privileged`; the container itself has no privilege and no capability.
    """

    TYPE: ClassVar[str] = "stackyard:index:DevicePlugin"

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
        settings = json.dumps(reference.device_plugin, sort_keys=True)
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=f"{NAME}-{pool}",
            namespace=wiring.namespace,
            labels=kubernetes.labels(stack, NAME, gpu_pool=pool),
        )
        config = k8s.core.v1.ConfigMap(
            self.named("config"),
            metadata=metadata,
            data={"config.json": settings},
            opts=self.child(),
        )
        k8s.apps.v1.DaemonSet(
            self.named("daemon-set"),
            metadata=metadata,
            spec=daemon_set(
                _pod(reference, config.metadata.name, wiring.image),
                labels=kubernetes.labels(stack, NAME, gpu_pool=pool),
                selector=kubernetes.selector(stack, NAME, gpu_pool=pool),
                annotations=config_digest(settings),
            ),
            opts=self.child(),
        )
        self.publish()


def _pod(pool: GpuPoolRef, config: pulumi.Output[str], image: str) -> k8s.core.v1.PodSpecArgs:
    volumes = [
        k8s.core.v1.VolumeArgs(
            name="sockets",
            host_path=k8s.core.v1.HostPathVolumeSourceArgs(path=SOCKETS, type="Directory"),
        ),
        k8s.core.v1.VolumeArgs(
            name="config", config_map=k8s.core.v1.ConfigMapVolumeSourceArgs(name=config)
        ),
    ]
    return plugin_pod(pool, _container(image), volumes)


def plugin_pod(
    pool: GpuPoolRef,
    container: k8s.core.v1.ContainerArgs,
    volumes: Sequence[k8s.core.v1.VolumeArgs],
    *,
    host_network: bool | None = None,
) -> k8s.core.v1.PodSpecArgs:
    """Return the pod of a device plugin, on every node of a pool and never evicted from it."""
    return k8s.core.v1.PodSpecArgs(
        node_selector=dict(pool.node_selector),
        tolerations=[k8s.core.v1.TolerationArgs(**toleration(pool))],
        priority_class_name="system-node-critical",
        automount_service_account_token=False,
        host_network=host_network,
        security_context=kubernetes.root_pod(),
        containers=[container],
        volumes=volumes,
    )


def _container(image: str) -> k8s.core.v1.ContainerArgs:
    return k8s.core.v1.ContainerArgs(
        name=NAME,
        image=image,
        args=["--config-file=/config/config.json"],
        resources=k8s.core.v1.ResourceRequirementsArgs(
            requests={"cpu": "50m", "memory": "64Mi"},
            limits={"cpu": "200m", "memory": "256Mi"},
        ),
        security_context=kubernetes.restricted_container(read_only=True),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(name="sockets", mount_path=SOCKETS),
            k8s.core.v1.VolumeMountArgs(name="config", mount_path="/config", read_only=True),
        ],
    )
