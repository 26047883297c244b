"""GPU telemetry: NVIDIA's DCGM exporter on every GPU node, scraped from the metrics namespace."""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.cluster.agents import daemon_set
from stackyard.config import Config
from stackyard.gpu.contract import ON_EVERY_POOL, POOL_LABEL
from stackyard.naming import StackId

NAME = "gpu-telemetry"
"""Name of the DaemonSet and its component label."""

PORT = 9400
"""The exporter's port, https://docs.nvidia.com/datacenter/dcgm/latest/."""

POD_RESOURCES = "/var/lib/kubelet/pod-resources"
"""Directory of the socket on which the kubelet reports the GPUs of each pod."""


class GpuTelemetry(Component):
    """Utilisation, memory, temperature and errors of each GPU, with the pod that uses it."""

    TYPE: ClassVar[str] = "stackyard:index:GpuTelemetry"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        namespace: pulumi.Input[str],
        metrics_namespace: str,
        image: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: its namespace, the namespace that may scrape it, and its image."""
        super().__init__(name, Config(), opts=opts)
        selector = k8s.meta.v1.LabelSelectorArgs(match_labels=kubernetes.selector(stack, NAME))
        labels = kubernetes.labels(stack, NAME)
        metadata = k8s.meta.v1.ObjectMetaArgs(name=NAME, namespace=namespace, labels=labels)
        k8s.apps.v1.DaemonSet(
            self.named("daemon-set"),
            metadata=metadata,
            spec=daemon_set(_pod(image), labels=labels, selector=kubernetes.selector(stack, NAME)),
            opts=self.child(),
        )
        # A headless Service: a lookup of its name returns the address of every node's exporter.
        k8s.core.v1.Service(
            self.named("service"),
            metadata=metadata,
            spec=k8s.core.v1.ServiceSpecArgs(
                cluster_ip="None",
                selector=kubernetes.selector(stack, NAME),
                ports=[k8s.core.v1.ServicePortArgs(name="metrics", port=PORT, target_port=PORT)],
            ),
            opts=self.child(),
        )
        k8s.networking.v1.NetworkPolicy(
            self.named("scraping"),
            metadata=metadata,
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=selector,
                policy_types=["Ingress"],
                ingress=[kubernetes.from_namespace(metrics_namespace, PORT)],
            ),
            opts=self.child(),
        )
        self.publish()


def _pod(image: str) -> k8s.core.v1.PodSpecArgs:
    on_gpu_nodes = k8s.core.v1.NodeSelectorTermArgs(
        match_expressions=[
            k8s.core.v1.NodeSelectorRequirementArgs(key=POOL_LABEL, operator="Exists")
        ]
    )
    return k8s.core.v1.PodSpecArgs(
        affinity=k8s.core.v1.AffinityArgs(
            node_affinity=k8s.core.v1.NodeAffinityArgs(
                required_during_scheduling_ignored_during_execution=(
                    k8s.core.v1.NodeSelectorArgs(node_selector_terms=[on_gpu_nodes])
                )
            )
        ),
        tolerations=[k8s.core.v1.TolerationArgs(**ON_EVERY_POOL)],
        priority_class_name="system-node-critical",
        automount_service_account_token=False,
        security_context=kubernetes.root_pod(),
        containers=[_container(image)],
        volumes=[
            k8s.core.v1.VolumeArgs(
                name="pod-resources",
                host_path=k8s.core.v1.HostPathVolumeSourceArgs(
                    path=POD_RESOURCES, type="Directory"
                ),
            )
        ],
    )


def _container(image: str) -> k8s.core.v1.ContainerArgs:
    """Return the exporter; without SYS_ADMIN it lacks profiling metrics, which no alert uses."""
    health = k8s.core.v1.HTTPGetActionArgs(path="/health", port=PORT)
    node = k8s.core.v1.EnvVarSourceArgs(
        field_ref=k8s.core.v1.ObjectFieldSelectorArgs(field_path="spec.nodeName")
    )
    return k8s.core.v1.ContainerArgs(
        name=NAME,
        image=image,
        env=[
            k8s.core.v1.EnvVarArgs(name="DCGM_EXPORTER_LISTEN", value=f":{PORT}"),
            k8s.core.v1.EnvVarArgs(name="DCGM_EXPORTER_KUBERNETES", value="true"),
            k8s.core.v1.EnvVarArgs(name="NODE_NAME", value_from=node),
        ],
        ports=[k8s.core.v1.ContainerPortArgs(name="metrics", container_port=PORT)],
        liveness_probe=k8s.core.v1.ProbeArgs(http_get=health, initial_delay_seconds=45),
        readiness_probe=k8s.core.v1.ProbeArgs(http_get=health, initial_delay_seconds=15),
        resources=k8s.core.v1.ResourceRequirementsArgs(
            requests={"cpu": "100m", "memory": "256Mi"},
            limits={"cpu": "500m", "memory": "1Gi"},
        ),
        security_context=kubernetes.restricted_container(),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(
                name="pod-resources", mount_path=POD_RESOURCES, read_only=True
            )
        ],
    )
