"""ConfigMaps with Grafana dashboards, for the sidecar of a Grafana in the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.monitoring import dashboards
from stackyard.monitoring.config import Audience, MonitoringConfig
from stackyard.monitoring.rules import METRICS_NAMESPACE
from stackyard.naming import NAMESPACE_LIMIT, StackId, fitted

if TYPE_CHECKING:
    from stackyard.monitoring.grafana import Board

LABEL = {"grafana_dashboard": "1"}
"""Label of dashboards for the sidecar of Grafana's chart:
https://github.com/grafana-community/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards."""

FOLDER = "grafana_folder"
"""Annotation with the folder in Grafana; the chart's `sidecar.dashboards.folderAnnotation`."""


class GrafanaBoards(Component):
    """A ConfigMap for each audience, in a Grafana folder of its own.

    They are in a namespace that no project can read: Grafana controls the access to each folder.
    """

    TYPE: ClassVar[str] = "stackyard:index:GrafanaBoards"

    def __init__(
        self,
        name: str,
        config: MonitoringConfig,
        *,
        stack: StackId,
        region: str,
        monthly_limit: int | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the metrics workspace and region, and the stack's budget in US dollars."""
        super().__init__(name, config, opts=opts)
        board = _board(stack, region)
        for who in config.subscribers:
            about = dashboards.about(who, config, monthly_limit)
            k8s.core.v1.ConfigMap(
                self.named(who),
                metadata=k8s.meta.v1.ObjectMetaArgs(
                    name=config_map(stack, who),
                    namespace=METRICS_NAMESPACE,
                    labels={**kubernetes.labels(stack, "dashboard"), **LABEL},
                    annotations={FOLDER: f"{stack} {who}"},
                ),
                data={f"{stack.slug}-{who}.json": board.body(who, about)},
                opts=self.child(),
            )
        self.publish()


def _board(stack: StackId, region: str) -> Board:
    """Return the builder of dashboards; raises RunError if Grafana's SDK is not installed."""
    try:
        from stackyard.monitoring.grafana import Board
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("grafana_foundation_sdk"):
            raise
        raise pulumi.RunError(
            "Grafana dashboards need the package `grafana-foundation-sdk`, which is not installed; "
            "hint: pip install 'stackyard[grafana]'"
        ) from error
    return Board(stack, region)


def config_map(stack: StackId, audience: Audience) -> str:
    """Return the name of the ConfigMap with an audience's dashboard."""
    return fitted(f"{stack.slug}-{audience}-dashboard", NAMESPACE_LIMIT)
