"""Config of hyperparameter tuning: Optuna, and optionally SageMaker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config
from stackyard.image_name import Image
from stackyard.limits import instance_types
from stackyard.problem import Problem

InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9]+\.[a-z0-9]+$")]
"""A SageMaker instance type, for example `ml.g5.xlarge`."""


class TuningConfig(Config):
    """Storage and dashboard of Optuna studies, and optional SageMaker tuning jobs."""

    image: Image
    """Image with `optuna-dashboard`, psycopg2 and boto3, in the registry of the stage's shared
    images. No public image has all three."""

    managed: Literal["sagemaker"] | None = None
    """Also allow scientists to run SageMaker tuning and AutoML jobs."""

    instance_types: list[InstanceType] = []
    """Instance types that SageMaker jobs may use; others are denied."""

    max_hours: Annotated[int, Field(ge=1, le=120)] = 24
    """Maximum runtime of a SageMaker job in hours."""

    def problems(self) -> Iterator[Problem]:
        """Yield types that SageMaker lacks, SageMaker without limits, and limits without it."""
        for index, kind in enumerate(self.instance_types):
            unknown = instance_types.problem(kind, instance_types.SAGEMAKER, "SageMaker")
            if unknown is not None:
                yield Problem(("instance_types", index), *unknown)
        if self.managed and not self.instance_types:
            message = f"`managed: {self.managed}` needs `instance_types`, which limit its cost"
            yield Problem(("managed",), message)
        if self.instance_types and not self.managed:
            message = "`instance_types` needs `managed: sagemaker`"
            yield Problem(("instance_types",), message)
