"""The inputs of a pipeline that only a run knows: manifests, buckets, and rules for approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stackyard.pipeline.config import ApprovalsConfig

if TYPE_CHECKING:
    import pulumi


@dataclass(frozen=True)
class PipelineInputs:
    """The jobs, Deployment, build and triggers of a pipeline."""

    train: Mapping[str, Any]
    """Manifest of the training Job."""

    evaluate: Mapping[str, Any]
    """Manifest of the evaluation Job."""

    deployment: Mapping[str, Any]
    """Manifest of the Deployment that it releases, without the image."""

    build: pulumi.Input[str]
    """Name of the CodeBuild project that bakes the model into its image."""

    datasets: Mapping[str, pulumi.Input[str]]
    """Bucket by dataset, for the trigger by new objects."""

    approvals: ApprovalsConfig
    """The stage's rules for approvals."""
