"""GPU telemetry: NVIDIA's DCGM exporter on every GPU node, scraped from the metrics namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.cluster.agents import config_digest, daemon_set
from stackyard.config import Config
from stackyard.gpu.contract import ON_EVERY_POOL, POOL_LABEL
from stackyard.naming import StackId

NAME = "gpu-telemetry"
"""Name of the DaemonSet and its component label."""

PORT = 9400
"""The exporter's port, https://docs.nvidia.com/datacenter/dcgm/latest/."""

FIELDS: Mapping[str, tuple[str, str]] = {
    "DCGM_FI_DEV_SM_CLOCK": ("gauge", "Clock of the multiprocessors in MHz."),
    "DCGM_FI_DEV_MEM_CLOCK": ("gauge", "Clock of the memory in MHz."),
    "DCGM_FI_DEV_GPU_TEMP": ("gauge", "Temperature in degrees Celsius."),
    "DCGM_FI_DEV_MEMORY_TEMP": ("gauge", "Temperature of the memory in degrees Celsius."),
    "DCGM_FI_DEV_POWER_USAGE": ("gauge", "Power in watts."),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("counter", "Energy since boot in millijoules."),
    "DCGM_FI_DEV_GPU_UTIL": ("gauge", "Utilisation in percent."),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("gauge", "Utilisation of the memory's bandwidth in percent."),
    "DCGM_FI_DEV_FB_FREE": ("gauge", "Free memory in MiB."),
    "DCGM_FI_DEV_FB_USED": ("gauge", "Used memory in MiB."),
    "DCGM_FI_DEV_XID_ERRORS": ("gauge", "Number of the last XID error."),
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": ("counter", "Retries on PCI Express."),
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": ("counter", "Rows of memory remapped for errors."),
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": ("gauge", "Whether a remapping of rows failed."),
}
"""Exported fields by name, with the metric's type and its help. None is a profiling field, as
there are in the exporter's own list: with one of those, DCGM refuses to watch any field unless the
process has the capability SYS_ADMIN, and the exporter ends. Sources:
https://docs.nvidia.com/datacenter/dcgm/latest/reference/command-line-reference/dcgm-exporter.html,
https://github.com/NVIDIA/dcgm-exporter/issues/407."""

FIELDS_FILE = "fields.csv"
FIELDS_PATH = "/etc/stackyard"

DEVICES = "/var/run/nvidia-container-devices/all"
"""A mount here makes all GPUs visible to a container without privileges; Bottlerocket does not read
the image's NVIDIA_VISIBLE_DEVICES:
https://bottlerocket.dev/en/os/1.53.x/api/settings/nvidia-container-runtime."""

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
        fields = fields_file()
        config = k8s.core.v1.ConfigMap(
            self.named("fields"),
            metadata=metadata,
            data={FIELDS_FILE: fields},
            opts=self.child(),
        )
        k8s.apps.v1.DaemonSet(
            self.named("daemon-set"),
            metadata=metadata,
            spec=daemon_set(
                _pod(image, config.metadata.name),
                labels=labels,
                selector=kubernetes.selector(stack, NAME),
                annotations=config_digest(fields),
            ),
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


def fields_file() -> str:
    """Return the exporter's list of fields: a line with name, type and help for each."""
    return "".join(f"{name}, {kind}, {text}\n" for name, (kind, text) in FIELDS.items())


def _pod(image: str, fields: pulumi.Input[str]) -> k8s.core.v1.PodSpecArgs:
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
            _from_host("pod-resources", POD_RESOURCES, "Directory"),
            _from_host("devices", "/dev/null", "CharDevice"),
            k8s.core.v1.VolumeArgs(
                name="fields", config_map=k8s.core.v1.ConfigMapVolumeSourceArgs(name=fields)
            ),
        ],
    )


def _from_host(name: str, path: str, kind: str) -> k8s.core.v1.VolumeArgs:
    source = k8s.core.v1.HostPathVolumeSourceArgs(path=path, type=kind)
    return k8s.core.v1.VolumeArgs(name=name, host_path=source)


def _container(image: str) -> k8s.core.v1.ContainerArgs:
    """Return the exporter, without the capability SYS_ADMIN: no alert uses profiling metrics."""
    health = k8s.core.v1.HTTPGetActionArgs(path="/health", port=PORT)
    node = k8s.core.v1.EnvVarSourceArgs(
        field_ref=k8s.core.v1.ObjectFieldSelectorArgs(field_path="spec.nodeName")
    )
    return k8s.core.v1.ContainerArgs(
        name=NAME,
        image=image,
        env=[
            k8s.core.v1.EnvVarArgs(
                name="DCGM_EXPORTER_COLLECTORS", value=f"{FIELDS_PATH}/{FIELDS_FILE}"
            ),
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
            k8s.core.v1.VolumeMountArgs(name="devices", mount_path=DEVICES),
            k8s.core.v1.VolumeMountArgs(name="fields", mount_path=FIELDS_PATH, read_only=True),
            k8s.core.v1.VolumeMountArgs(
                name="pod-resources", mount_path=POD_RESOURCES, read_only=True
            ),
        ],
    )
