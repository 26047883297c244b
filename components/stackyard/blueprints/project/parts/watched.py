"""The part of the project program about monitoring."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.contracts import FoundationContract, ServicesContract
from stackyard.monitoring.component import Monitoring
from stackyard.monitoring.metrics import ProjectMetrics
from stackyard.naming import StackId
from stackyard.retention.plan import log_days


def watch(
    stack: StackId,
    config: ProjectConfig,
    foundation: FoundationContract,
    services: ServicesContract,
    role_arns: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare alerts, dashboards, logs and metrics, if the stack file has the section."""
    if config.monitoring is None:
        return
    monthly_limit = config.budget.monthly_limit if config.budget else None
    monitoring = Monitoring(
        "monitoring",
        config.monitoring,
        stack=stack,
        foundation=foundation,
        log_days=log_days(config.retention.logs),
        role_arns=role_arns,
        monthly_limit=monthly_limit,
        opts=opts,
    )
    ProjectMetrics(
        "metrics",
        config.monitoring,
        stack=stack,
        foundation=foundation,
        services=services,
        topic_arns=monitoring.topic_arns,
        tracking=config.tracking is not None,
        models=sorted(config.serving.models) if config.serving else (),
        opts=opts,
    )
    if config.monitoring.grafana:
        # Only who wants them pays for loading the library that builds them.
        from stackyard.monitoring.boards import GrafanaBoards

        GrafanaBoards(
            "grafana",
            config.monitoring,
            stack=stack,
            region=foundation.region,
            monthly_limit=monthly_limit,
            opts=opts,
        )
