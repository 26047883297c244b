"""The part of the project program about monitoring."""

from __future__ import annotations

from stackyard.blueprints.project.parts.environment import ProjectEnvironment, ProjectWiring
from stackyard.monitoring.component import Monitoring
from stackyard.monitoring.metrics import MonitoredPrograms, ProjectMetrics


def make_monitoring(environment: ProjectEnvironment, wiring: ProjectWiring) -> None:
    """Create alerts, dashboards, logs and metrics, if the stack file has the section."""
    config = environment.config
    if config.monitoring is None:
        return
    monthly_limit = config.budget.monthly_limit if config.budget else None
    monitoring = Monitoring(
        "monitoring",
        config.monitoring,
        context=environment.context,
        role_arns=wiring.role_arns,
        monthly_limit=monthly_limit,
        opts=wiring.opts,
    )
    ProjectMetrics(
        "metrics",
        config.monitoring,
        stack=environment.stack,
        cluster=environment.cluster,
        monitored=MonitoredPrograms(
            tracking=config.tracking is not None,
            models=sorted(config.serving.models) if config.serving else (),
            jobs_namespace=environment.services.system_namespace,
        ),
        topic_arns=monitoring.topic_arns,
        image=f"{environment.services.registry}/{config.monitoring.collector_image}",
        opts=wiring.opts,
    )
    if config.monitoring.grafana:
        # Imported here: only stacks with these dashboards must load the library that builds them.
        from stackyard.monitoring.boards import GrafanaBoards

        GrafanaBoards(
            "grafana",
            config.monitoring,
            stack=environment.stack,
            region=environment.foundation.region,
            monthly_limit=monthly_limit,
            opts=wiring.opts,
        )
