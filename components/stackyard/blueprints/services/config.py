"""Config of the `services` blueprint."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stackyard.blueprints.config import StackConfig
from stackyard.config import Config
from stackyard.image_name import Image
from stackyard.onprem.config import OnPremConfig


class ImagesConfig(Config):
    """Images of the shared services; mirror them into a registry that you control."""

    registry: Annotated[str, Field(pattern=r"^[a-z0-9.:-]+(/[a-z0-9._/-]+)?$")] | None = None
    """Registry host and path; by default the account's ECR registry."""

    device_plugin: Image = "nvidia/k8s-device-plugin:v0.17.1"
    """NVIDIA's device plugin."""

    gpu_telemetry: Image = "nvidia/k8s/dcgm-exporter:3.3.5-3.4.1-ubuntu22.04"
    """NVIDIA's DCGM exporter."""

    cluster_autoscaler: Image = "autoscaling/cluster-autoscaler:v1.35.0"
    """The Kubernetes autoscaler; its minor version is the cluster's."""

    cluster_metrics: Image = "kube-state-metrics/kube-state-metrics:v2.16.0"
    """kube-state-metrics: metrics on pods, Deployments and Jobs, for alerts."""

    log_shipper: Image = "fluent/fluent-bit:4.0.3"
    """Fluent Bit: sends pods' output to the log groups of their projects."""


class ServicesConfig(StackConfig):
    """In-cluster services that all projects of a stage share."""

    images: ImagesConfig = ImagesConfig()
    """Images of the shared services."""

    queueing: Literal["kueue"] | None = None
    """Queue the GPU jobs of all projects on each cluster of the stage. Kueue 0.15 or newer must be
    installed, with fair sharing on, else the API servers reject its objects."""

    onprem: OnPremConfig = OnPremConfig()
    """On-premises clusters on which all projects of the stage can also run."""
