"""What a person may write about hyperparameter tuning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stackyard.config import Config
from stackyard.image_name import Image

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

    @model_validator(mode="after")
    def _sagemaker_has_rails(self) -> TuningConfig:
        if self.managed and not self.instance_types:
            raise ValueError(
                f"`managed: {self.managed}` needs `instance_types`, or any price would be allowed"
            )
        if self.instance_types and not self.managed:
            raise ValueError("`instance_types` is for `managed: sagemaker`, which is not written")
        return self
