"""The GPU contract: all settings of a pool that must agree, computed from one model. Pure.

A taint without a matching toleration stops workloads, and a node that never scales to zero costs
money. Here both sides of each such pair come from the same few lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from stackyard import kubernetes
from stackyard.gpu.config import GpuLimitsConfig, GpuPoolConfig, MigConfig, TimeSlicingConfig
from stackyard.instances import EFA_INTERFACES, INSTANCES, is_arm, mig_model
from stackyard.karpenter.config import NodeImagesConfig
from stackyard.karpenter.objects import Machine, Rung
from stackyard.references import GpuPoolRef

RESOURCE = "nvidia.com/gpu"
"""The extended resource that the device plugin offers and pods ask for."""

EFA = "vpc.amazonaws.com/efa"
"""The extended resource of EFA interfaces, which AWS's device plugin offers."""

TAINT_KEY = "nvidia.com/gpu"
"""Key of every GPU pool's taint; the device plugin and telemetry tolerate each of its values."""

POOL_LABEL = "stackyard.dev/gpu-pool"
"""Node label with the pool's name; pods select their pool by it."""


class Toleration(TypedDict):
    """A toleration in the format of the Kubernetes API."""

    key: str
    operator: str
    effect: str
    value: NotRequired[str]


ON_EVERY_POOL: Toleration = {"key": TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}
"""Toleration of the DaemonSets of all GPU nodes: the device plugin and telemetry."""


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
    def taint(self) -> dict[str, str]:
        """The taint of every node."""
        return {"key": TAINT_KEY, "value": self.pool, "effect": "NoSchedule"}

    @property
    def image_family(self) -> Literal["al2023", "bottlerocket"]:
        """The family of the node image; the image contains NVIDIA's driver.

        MIG needs Bottlerocket, which divides the GPUs at boot by its settings:
        https://bottlerocket.dev/en/os/latest/api/settings/kubelet-device-plugins.
        """
        return "bottlerocket" if isinstance(self.config.sharing, MigConfig) else "al2023"

    @property
    def devices(self) -> tuple[str, ...]:
        """All disks of the image; Bottlerocket has one for itself, and one for images and pods."""
        bottlerocket = self.image_family == "bottlerocket"
        return ("/dev/xvda", "/dev/xvdb") if bottlerocket else ("/dev/xvda",)

    @property
    def user_data(self) -> str | None:
        """Boot settings of the nodes, where the image needs any."""
        model = mig_model(self.config.types[0])
        if not isinstance(self.config.sharing, MigConfig) or model is None:
            return None
        return (
            "[settings.kubelet-device-plugins.nvidia]\n"
            'device-partitioning-strategy = "mig"\n'
            "[settings.kubelet-device-plugins.nvidia.mig.profile]\n"
            f'"{model.bottlerocket}" = "{self.config.sharing.profile}"\n'
        )

    def machine(self, images: NodeImagesConfig) -> Machine:
        """Return the instance types, image and disks of the pool's nodes."""
        return Machine(
            types=self.config.types,
            arm=is_arm(self.config.types[0]),
            image=images.alias(self.image_family),
            volume_gib=self.config.volume_gib,
            labels=self.node_selector,
            devices=self.devices,
            taints=[self.taint],
            user_data=self.user_data,
        )

    @property
    def rungs(self) -> list[Rung]:
        """The capacity types in order of preference, each with its limits."""
        config = self.config
        return [
            Rung(kind, self._quantities(config.capacity_limits.get(kind, config.limits)))
            for kind in config.capacity
        ]

    def _quantities(self, limits: GpuLimitsConfig) -> dict[str, str]:
        """Return limits in the format of a NodePool; GPUs are in units of `nvidia.com/gpu`."""
        facts = [INSTANCES[kind] for kind in self.config.types]
        cpu = max(one.vcpus * (limits.gpus // one.gpus) for one in facts)
        memory = max(one.memory_gib * (limits.gpus // one.gpus) for one in facts)
        return {
            RESOURCE: str(limits.gpus * self.units_per_gpu),
            "cpu": str(limits.cpu or cpu),
            "memory": limits.memory or f"{memory}Gi",
        }

    @property
    def gpus_per_node(self) -> int:
        """Physical GPUs of the largest node."""
        return max(INSTANCES[kind].gpus for kind in self.config.types)

    @property
    def units_per_gpu(self) -> int:
        """Units of `nvidia.com/gpu` per GPU: one, or its time-shares, or its MIG slices."""
        sharing = self.config.sharing
        if isinstance(sharing, TimeSlicingConfig):
            return sharing.replicas
        model = mig_model(self.config.types[0])
        if isinstance(sharing, MigConfig) and model is not None:
            return model.slices[sharing.profile]
        return 1

    @property
    def units_per_node(self) -> int:
        """Units of `nvidia.com/gpu` of the largest node."""
        return self.gpus_per_node * self.units_per_gpu

    @property
    def max_gpus(self) -> int:
        """The hard cap: the maximum number of physical GPUs of the pool."""
        static = self.config.static.nodes if self.config.static else 0
        return self.config.limits.gpus + static * INSTANCES[self.config.types[0]].gpus

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
        """The facts that workloads need to be scheduled on the pool."""
        return GpuPoolRef(
            node_selector=self.node_selector,
            taint_key=self.taint["key"],
            taint_value=self.taint["value"],
            resource=RESOURCE,
            gpus_per_node=self.gpus_per_node,
            max_gpus=self.max_gpus,
            device_plugin=self.device_plugin,
            efa_per_node=self.efa_per_node,
        )

    @property
    def efa_per_node(self) -> int:
        """EFA interfaces of the node that has most of them; 0 in a pool that offers none."""
        found = [EFA_INTERFACES.get(kind, 0) for kind in self.config.types]
        return max(found) if self.config.efa else 0


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
    """Return a container's limit of `gpus` GPUs; an extended resource needs no request."""
    return {pool.resource: str(gpus)}


def smoke_job(
    name: str, pool: GpuPoolRef, *, namespace: str, image: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Job that requests one GPU of the pool and runs `nvidia-smi` on it.

    It tests taint, toleration, selector, Karpenter, driver and device plugin at once, and is
    deleted one hour after its end. Any small image works: the driver provides `nvidia-smi`.
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
