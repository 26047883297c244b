"""What a person may write about the model registry."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.config import Config


class ModelRegistryConfig(Config):
    """The registry of a project; the tracking server answers for it, a bucket keeps the models."""

    copy_every_minutes: Annotated[int, Field(ge=1, le=59)] = 5
    """Minutes between looks for newly registered versions, whose artifacts are then copied."""
