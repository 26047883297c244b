"""What a person may write about monitoring: who is told, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config
from stackyard.image_name import Image
from stackyard.problem import Problem

Audience = Literal["science", "dev", "business"]
"""Who looks at a system: for its models, its health, or its use and cost."""

READERS: dict[Audience, Literal["scientist", "developer", "business"]] = {
    "science": "scientist",
    "dev": "developer",
    "business": "business",
}
"""Whose role in `access.audiences` reads what is made for an audience."""

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
"""A mail address; its owner must confirm the subscription once."""


class ThresholdsConfig(Config):
    """When an alert fires."""

    error_percent: Annotated[float, Field(gt=0, le=100)] = 5
    """Predictions that fail, in percent of all in five minutes."""

    latency_ms: Annotated[int, Field(ge=1, le=600_000)] = 1000
    """99th percentile of the time that a prediction takes, in milliseconds."""

    idle_gpu_percent: Annotated[int, Field(ge=1, le=90)] = 5
    """Utilisation in percent below which a GPU counts as idle."""

    idle_gpu_minutes: Annotated[int, Field(ge=10, le=1440)] = 30
    """Minutes for which a GPU that a pod holds may be idle."""

    pending_gpu_minutes: Annotated[int, Field(ge=5, le=1440)] = 20
    """Minutes for which a pod may wait for a GPU; a new node alone takes about five."""


class MonitoringConfig(Config):
    """Who is told of what; every audience has a topic, a log group and a dashboard of its own."""

    subscribers: Annotated[dict[Audience, list[Email]], Field(min_length=1)]
    """Mail addresses by audience; an audience that is left out gets nothing made for it."""

    thresholds: ThresholdsConfig = ThresholdsConfig()
    """When alerts fire."""

    grafana: bool = False
    """Whether dashboards for a Grafana in the cluster are made, too: ConfigMaps that its sidecar
    takes, with a folder for each audience."""

    collector_image: Image = "prometheus/prometheus:v3.5.0"
    """Prometheus as an agent: sends the project's metrics to its own workspace."""

    def problems(self) -> Iterator[Problem]:
        """Yield audiences without an address, or with one twice."""
        for audience, addresses in self.subscribers.items():
            path = ("subscribers", audience)
            if not addresses:
                yield Problem(path, f"`{audience}` has no address: nobody would get its alerts")
            if len(set(addresses)) < len(addresses):
                yield Problem(path, f"`{audience}` has an address twice", "keep one")
        if "dev" not in self.subscribers:
            message = "`subscribers` needs `dev`, which gets the alerts of systems that are down"
            yield Problem(("subscribers",), message)
