"""What a person may write about hyperparameter tuning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config
from stackyard.image_name import Image
from stackyard.problem import Problem

InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9]+\.[a-z0-9]+$")]
"""An instance type of SageMaker, for example `ml.g5.xlarge`."""


class TuningConfig(Config):
    """Studies whose trials run in parallel, in training pods or on SageMaker."""

    image: Image
    """Image of the dashboard: `optuna-dashboard`, psycopg2 and boto3, in the registry of the
    stage's shared images. There is no public one that has all three."""

    managed: Literal["sagemaker"] | None = None
    """Whether scientists may also let SageMaker tune (tuning jobs and AutoML), and only there."""

    instance_types: list[InstanceType] = []
    """Instance types that SageMaker's tuning jobs may use; others are denied."""

    max_hours: Annotated[int, Field(ge=1, le=120)] = 24
    """Longest run of one of SageMaker's tuning jobs, in hours."""

    def problems(self) -> Iterator[Problem]:
        """Yield SageMaker without its limits, and limits without SageMaker."""
        if self.managed and not self.instance_types:
            message = f"`managed: {self.managed}` needs `instance_types`, which limit its cost"
            yield Problem(("managed",), message)
        if self.instance_types and not self.managed:
            message = "`instance_types` needs `managed: sagemaker`"
            yield Problem(("instance_types",), message)
