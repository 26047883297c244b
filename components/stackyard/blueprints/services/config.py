"""Config of the `services` blueprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.blueprints.config import StackConfig
from stackyard.config import Config, Name
from stackyard.gpu.config import GpuPoolConfig
from stackyard.image_name import REGISTRY, Image
from stackyard.karpenter import versions
from stackyard.karpenter.config import NodeImagesConfig, NodePoolConfig
from stackyard.onprem.config import OnPremConfig
from stackyard.problem import Problem


class ImagesConfig(Config):
    """Images of the shared services; mirror them into a registry that you control."""

    registry: Annotated[str, Field(pattern=REGISTRY)] | None = None
    """Registry host and path; by default the account's ECR registry."""

    device_plugin: Image = "nvidia/k8s-device-plugin:v0.17.1"
    """NVIDIA's device plugin."""

    efa_device_plugin: Image = "eks/aws-efa-k8s-device-plugin:v0.5.8"
    """AWS's device plugin for EFA; only pools with `efa` need it."""

    gpu_telemetry: Image = "nvidia/k8s/dcgm-exporter:4.4.2-4.7.1-ubuntu22.04"
    """NVIDIA's DCGM exporter."""

    karpenter: Image = f"karpenter/controller:{versions.VERSION}"
    """Karpenter's controller, `name:RELEASE` or better `name:RELEASE@sha256:…`; the chart of its
    resource definitions is taken in the same release."""

    cluster_metrics: Image = "kube-state-metrics/kube-state-metrics:v2.16.0"
    """kube-state-metrics: metrics on pods, Deployments and Jobs, for alerts."""

    log_shipper: Image = "fluent/fluent-bit:4.0.3"
    """Fluent Bit: sends pods' output to the log groups of their projects."""


class ChartsConfig(Config):
    """Charts of the shared services; mirror them if the machine that previews and applies has no
    way to the internet."""

    karpenter_crd: Annotated[
        str, Field(pattern=r"^oci://[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*/karpenter-crd$")
    ] = "oci://public.ecr.aws/karpenter/karpenter-crd"
    """Karpenter's resource definitions: the chart without its version."""


class ServicesConfig(StackConfig):
    """In-cluster services that all projects of a stage share."""

    images: ImagesConfig = ImagesConfig()
    """Images of the shared services."""

    charts: ChartsConfig = ChartsConfig()
    """Charts of the shared services."""

    node_images: NodeImagesConfig = NodeImagesConfig()
    """Releases of the images of nodes."""

    node_pools: dict[Name, NodePoolConfig] = {}
    """Pools of nodes without GPUs by name; Karpenter makes their nodes."""

    gpu_pools: dict[Name, GpuPoolConfig] = {}
    """Pools of GPU nodes by name; Karpenter makes their nodes."""

    queueing: Literal["kueue"] | None = None
    """Queue the GPU jobs of all projects on each cluster of the stage. Kueue 0.15 or newer must be
    installed, with fair sharing on, else the API servers reject its objects."""

    onprem: OnPremConfig = OnPremConfig()
    """On-premises clusters on which all projects of the stage can also run."""

    def problems(self) -> Iterator[Problem]:
        """Yield names that two pools share, and a pool whose node group would be the cluster's."""
        yield from super().problems()
        if versions.version_of(self.images.karpenter) is None:
            yield Problem(
                ("images", "karpenter"),
                "needs its release as the tag, because its resource definitions are taken in the "
                f"same one (got '{self.images.karpenter}')",
                f"write `karpenter/controller:{versions.VERSION}@sha256:…`",
            )
        for name in sorted({"system", *self.node_pools} & set(self.gpu_pools)):
            yield Problem(
                ("gpu_pools", name),
                f"`{name}` is also the name of a pool without GPUs",
                "rename one of them",
                related=(("node_pools", name),),
            )
        if "system" in self.node_pools:
            message = "the nodes `system` are declared by `cluster.system_nodes` of the foundation"
            yield Problem(("node_pools", "system"), message, "rename the pool")
