"""The GPU contract: all settings of a pool that must agree, computed from one model. Pure.

Neighbouring tools lost workloads to taints without matching tolerations, and money to nodes that
never scaled to zero: here both sides of each pair come from the same few lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from stackyard import kubernetes
from stackyard.gpu.config import GpuPoolConfig, MigConfig, TimeSlicingConfig
from stackyard.gpu.quotas import quota_code
from stackyard.instances import INSTANCES, is_arm, mig_model
from stackyard.references import GpuPoolRef

RESOURCE = "nvidia.com/gpu"
"""The extended resource that the device plugin offers and pods ask for."""

TAINT_KEY = "nvidia.com/gpu"
"""Key of every GPU pool's taint; the device plugin and telemetry tolerate it whatever its value."""

POOL_LABEL = "stackyard.dev/gpu-pool"
"""Node label with the pool's name; pods select their pool by it."""

ACCELERATOR_LABEL = "k8s.amazonaws.com/accelerator"
"""Label by which the cluster autoscaler knows a GPU node whose driver is not ready yet:
https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md."""


class Toleration(TypedDict):
    """A toleration as the Kubernetes API writes it."""

    key: str
    operator: str
    effect: str
    value: NotRequired[str]


ON_EVERY_POOL: Toleration = {"key": TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}
"""Toleration of what runs once on each GPU node: the device plugin and telemetry."""


@dataclass(frozen=True)
class GpuContract:
    """One pool's name and config, and every setting that follows from them."""

    pool: str
    config: GpuPoolConfig

    @property
    def node_selector(self) -> dict[str, str]:
        """Labels that only this pool's nodes carry."""
        return {POOL_LABEL: self.pool}

    @property
    def labels(self) -> dict[str, str]:
        """All labels of the pool's nodes; they contain the node selector."""
        model = INSTANCES[self.config.instance_types[0]].model.lower()
        return {**self.node_selector, ACCELERATOR_LABEL: f"nvidia-{model}"}

    @property
    def taint(self) -> dict[str, str]:
        """The taint as the EKS API writes it."""
        return {"key": TAINT_KEY, "value": self.pool, "effect": "NO_SCHEDULE"}

    @property
    def ami_type(self) -> str:
        """The node image: NVIDIA's driver is in it, so no driver is installed at run time.

        MIG needs Bottlerocket, which divides the GPUs at boot by its settings:
        https://bottlerocket.dev/en/os/latest/api/settings/kubelet-device-plugins.
        """
        if isinstance(self.config.sharing, MigConfig):
            return "BOTTLEROCKET_x86_64_NVIDIA"
        arm = is_arm(self.config.instance_types[0])
        return "AL2023_ARM_64_NVIDIA" if arm else "AL2023_x86_64_NVIDIA"

    @property
    def data_volume(self) -> str:
        """The device that holds images and pods."""
        return "/dev/xvdb" if self.ami_type.startswith("BOTTLEROCKET") else "/dev/xvda"

    @property
    def user_data(self) -> str | None:
        """Boot settings of the nodes, where the image needs any."""
        model = mig_model(self.config.instance_types[0])
        if not isinstance(self.config.sharing, MigConfig) or model is None:
            return None
        return (
            "[settings.kubelet-device-plugins.nvidia]\n"
            'device-partitioning-strategy = "mig"\n'
            "[settings.kubelet-device-plugins.nvidia.mig.profile]\n"
            f'"{model.bottlerocket}" = "{self.config.sharing.profile}"\n'
        )

    @property
    def gpus_per_node(self) -> int:
        """Physical GPUs of one node."""
        return INSTANCES[self.config.instance_types[0]].gpus

    @property
    def units_per_node(self) -> int:
        """Units of `nvidia.com/gpu` per node: GPUs, time-shares of GPUs, or MIG slices."""
        sharing = self.config.sharing
        if isinstance(sharing, TimeSlicingConfig):
            return self.gpus_per_node * sharing.replicas
        model = mig_model(self.config.instance_types[0])
        if isinstance(sharing, MigConfig) and model is not None:
            return self.gpus_per_node * model.slices[sharing.profile]
        return self.gpus_per_node

    @property
    def max_gpus(self) -> int:
        """The hard cap: physical GPUs of the pool at its largest."""
        return self.gpus_per_node * self.config.max

    @property
    def quota(self) -> str:
        """Code of the EC2 service quota that must allow `quota_vcpus`."""
        return quota_code(self.config.instance_types[0], self.config.capacity)

    @property
    def quota_vcpus(self) -> int:
        """vCPUs of the pool at its largest; new accounts have a quota of 0."""
        return self.config.max * max(INSTANCES[kind].vcpus for kind in self.config.instance_types)

    @property
    def scale_from_zero_tag(self) -> tuple[str, str] | None:
        """Tag with the resources of a future node, for the autoscaler while the pool is at zero.

        It knows whole GPUs by itself; of shared ones it would start too many nodes.
        """
        if self.units_per_node == self.gpus_per_node:
            return None
        key = f"k8s.io/cluster-autoscaler/node-template/resources/{RESOURCE}"
        return key, str(self.units_per_node)

    @property
    def device_plugin(self) -> dict[str, Any] | None:
        """Config file of NVIDIA's device plugin; None where the node image runs its own."""
        if isinstance(self.config.sharing, MigConfig):
            return None
        settings: dict[str, Any] = {"version": "v1", "flags": {"migStrategy": "none"}}
        if isinstance(self.config.sharing, TimeSlicingConfig):
            turns = {"name": RESOURCE, "replicas": self.config.sharing.replicas}
            slicing = {"failRequestsGreaterThanOne": True, "resources": [turns]}
            settings["sharing"] = {"timeSlicing": slicing}
        return settings

    @property
    def reference(self) -> GpuPoolRef:
        """What workloads need to be scheduled on the pool."""
        return GpuPoolRef(
            node_selector=self.node_selector,
            taint_key=self.taint["key"],
            taint_value=self.taint["value"],
            resource=RESOURCE,
            gpus_per_node=self.gpus_per_node,
            max_gpus=self.max_gpus,
            device_plugin=self.device_plugin,
        )


def toleration(pool: GpuPoolRef) -> Toleration:
    """Return the toleration of exactly this pool's taint."""
    return {
        "key": pool.taint_key,
        "operator": "Equal",
        "value": pool.taint_value,
        "effect": "NoSchedule",
    }


def placement(pool: GpuPoolRef) -> dict[str, Any]:
    """Return the part of a pod spec that schedules the pod on the pool."""
    return {"nodeSelector": dict(pool.node_selector), "tolerations": [toleration(pool)]}


def gpu_request(pool: GpuPoolRef, gpus: int = 1) -> dict[str, str]:
    """Return the container limit for so many GPUs; an extended resource needs no request."""
    return {pool.resource: str(gpus)}


def smoke_job(
    name: str, pool: GpuPoolRef, *, namespace: str, image: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Job that asks for one GPU of the pool and shows it.

    It proves taint, toleration, selector, autoscaling, driver and device plugin at once, and goes
    by itself after an hour. Any small image will do: the driver brings `nvidia-smi` along.
    """
    pod = {
        **placement(pool),
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": kubernetes.restricted_pod_manifest(kubernetes.NOBODY),
        "containers": [_smoke_container(pool, image)],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"gpu-smoke-{name}",
            "namespace": namespace,
            "labels": dict(labels),
        },
        "spec": {
            "backoffLimit": 0,
            "podFailurePolicy": dict(kubernetes.POD_FAILURE_POLICY),
            "activeDeadlineSeconds": 1800,
            "ttlSecondsAfterFinished": 3600,
            "template": {
                "metadata": {
                    "labels": dict(labels),
                    "annotations": dict(kubernetes.UNDISTURBED),
                },
                "spec": pod,
            },
        },
    }


def _smoke_container(pool: GpuPoolRef, image: str) -> dict[str, Any]:
    return {
        "name": "smoke",
        "image": image,
        "command": ["nvidia-smi", "--list-gpus"],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "1Gi", **gpu_request(pool)},
        },
        "securityContext": kubernetes.restricted_container_manifest(read_only=True),
    }
