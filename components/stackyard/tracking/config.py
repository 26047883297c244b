"""Config of the MLflow tracking server."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.config import HTTPS_SERVER, Config
from stackyard.image_name import Image
from stackyard.namespace.config import Memory


class TrackingConfig(Config):
    """The MLflow server of a project, with a database on the stage's PostgreSQL instance."""

    image: Image = "mlflow/mlflow:v3.17.2-full"
    """Image of MLflow with psycopg2 and boto3, in the registry of the stage's shared images."""

    replicas: Annotated[int, Field(ge=1, le=8)] = 2
    """Number of pods; with one, tracking is unavailable while its node is replaced."""

    workers: Annotated[int, Field(ge=1, le=16)] = 2
    """Processes per pod."""

    cpu: Annotated[int, Field(ge=1, le=16)] = 1
    """CPU limit per pod, in cores."""

    memory: Memory = "2Gi"
    """Memory limit per pod."""

    deleted_runs_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days that deleted runs can be restored; then their records and artifacts are deleted."""

    external_uri: Annotated[str, Field(pattern=HTTPS_SERVER)] | None = None
    """URL for clients outside the cluster, for example on premises: that of a private load balancer
    or proxy with its own access control, which Stackyard does not create."""
