"""What a person may write about run tracking."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.config import Config
from stackyard.image_name import Image
from stackyard.namespace.config import Memory


class TrackingConfig(Config):
    """The MLflow server of a project; its records lie in the stage's database instance."""

    image: Image = "mlflow/mlflow:v3.17.2-full"
    """MLflow with psycopg2 and boto3, in the registry of the stage's shared images."""

    replicas: Annotated[int, Field(ge=1, le=8)] = 2
    """Servers; with one, tracking is down while its node is renewed."""

    workers: Annotated[int, Field(ge=1, le=16)] = 2
    """Processes of each server."""

    cpu: Annotated[int, Field(ge=1, le=16)] = 1
    """CPU cores that each server may use."""

    memory: Memory = "2Gi"
    """Memory that each server may use."""

    deleted_runs_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days for which deleted runs can be restored; after that their records and artifacts go."""

    external_uri: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:\d+)?$")] | None = None
    """Address for clients outside of the cluster, for example on premises: of a private load
    balancer or proxy that somebody put before the server, with access control of its own."""
