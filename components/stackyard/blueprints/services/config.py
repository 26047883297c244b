"""What a stack file of the `services` blueprint may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stackyard.blueprints.config import StackConfig
from stackyard.config import Config
from stackyard.image_name import Image
from stackyard.onprem.config import OnPremConfig


class ImagesConfig(Config):
    """Where the shared services' images come from; mirror them into a registry you control."""

    registry: Annotated[str, Field(pattern=r"^[a-z0-9.:-]+(/[a-z0-9._/-]+)?$")] | None = None
    """Registry host and path; the account's own ECR registry if not given."""

    device_plugin: Image = "nvidia/k8s-device-plugin:v0.17.1"
    """NVIDIA's device plugin."""

    gpu_telemetry: Image = "nvidia/k8s/dcgm-exporter:3.3.5-3.4.1-ubuntu22.04"
    """NVIDIA's DCGM exporter."""

    cluster_autoscaler: Image = "autoscaling/cluster-autoscaler:v1.35.0"
    """The Kubernetes autoscaler; its minor version is the cluster's."""

    cluster_metrics: Image = "kube-state-metrics/kube-state-metrics:v2.16.0"
    """kube-state-metrics: the state of pods, Deployments and Jobs, for alerts."""

    log_shipper: Image = "fluent/fluent-bit:4.0.3"
    """Fluent Bit: brings the output of pods to the log groups of their projects."""


class ServicesConfig(StackConfig):
    """What all projects of a stage share in the cluster."""

    images: ImagesConfig = ImagesConfig()
    """Images of the shared services."""

    queueing: Literal["kueue"] | None = None
    """Let jobs of all projects queue for the GPUs of each cluster of the stage. Kueue must be there
    (0.15 or newer, with fair sharing on), or the API servers refuse its objects."""

    onprem: OnPremConfig = OnPremConfig()
    """Clusters on premises that every project of the stage also runs on."""
