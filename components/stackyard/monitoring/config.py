"""Config of monitoring: subscribers by audience, and alert thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config, Email
from stackyard.image_name import Image
from stackyard.problem import Problem

Audience = Literal["science", "dev", "business"]
"""Readers of dashboards: `science` for models, `dev` for health, `business` for use and cost."""

READERS: dict[Audience, Literal["scientist", "developer", "business"]] = {
    "science": "scientist",
    "dev": "developer",
    "business": "business",
}
"""The audience in `access.audiences` whose role reads each dashboard."""


class ThresholdsConfig(Config):
    """Thresholds of alerts."""

    error_percent: Annotated[float, Field(gt=0, le=100)] = 5
    """Failed predictions, in percent of all predictions within five minutes."""

    latency_ms: Annotated[int, Field(ge=1, le=600_000)] = 1000
    """99th percentile of prediction latency, in milliseconds."""

    idle_gpu_percent: Annotated[int, Field(ge=1, le=90)] = 5
    """GPU utilisation in percent below which a GPU is idle."""

    idle_gpu_minutes: Annotated[int, Field(ge=10, le=1440)] = 30
    """Minutes that a GPU assigned to a pod may be idle."""

    pending_gpu_minutes: Annotated[int, Field(ge=5, le=1440)] = 20
    """Minutes that a pod may wait for a GPU; a new node takes about five."""


class MonitoringConfig(Config):
    """Monitoring of a project; each audience has its own topic, log group and dashboard."""

    subscribers: Annotated[dict[Audience, list[Email]], Field(min_length=1)]
    """Email addresses by audience; only the listed audiences get a topic and a dashboard."""

    thresholds: ThresholdsConfig = ThresholdsConfig()
    """Thresholds at which alerts fire."""

    grafana: bool = False
    """Also create dashboards for Grafana in the cluster: ConfigMaps for its sidecar, in one folder
    per audience."""

    collector_image: Image = "prometheus/prometheus:v3.16.0"
    """Image of Prometheus, which sends the project's metrics to its Amazon Managed workspace."""

    def problems(self) -> Iterator[Problem]:
        """Yield audiences without an address."""
        for audience, addresses in self.subscribers.items():
            path = ("subscribers", audience)
            if not addresses:
                yield Problem(path, f"`{audience}` has no address: nobody would get its alerts")
        if "dev" not in self.subscribers:
            message = "`subscribers` needs `dev`, which gets the alerts of systems that are down"
            yield Problem(("subscribers",), message)
