"""Config of the model registry."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.config import Config


class ModelRegistryConfig(Config):
    """The model registry of a project: the tracking server's registry, and a bucket of models."""

    copy_every_minutes: Annotated[int, Field(ge=1, le=59)] = 5
    """Minutes between checks for new versions, whose artifacts are copied to the model bucket."""
