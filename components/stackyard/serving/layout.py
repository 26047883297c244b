"""Names and paths of served models: in their images, in the cluster, and on the network."""

from __future__ import annotations

from typing import Literal

PORT = 8080
"""Port of every model server."""

CONTAINER = "server"
"""Name of the container whose image a release changes."""

SERVICE_ACCOUNT = "server"
"""Service account of model servers; its IAM role is the workload `server`."""

HOME = "/opt/stackyard"
"""Directory of the image that contains the model, in `model`, in MLflow's format."""

VERSION = "stackyard.dev/version"
"""Annotation with the registry's version of the served model."""

Track = Literal["stable", "canary"]


def deployment_name(model: str, track: Track) -> str:
    """Return the name of the Deployment of one version."""
    return model if track == "stable" else f"{model}-canary"


def address(namespace: str, model: str) -> str:
    """Return the URL of a model in the cluster."""
    return f"http://{model}.{namespace}.svc.cluster.local:{PORT}"
