"""Grafana dashboards of each audience, from metrics of Prometheus and of CloudWatch.

Built with Grafana's own SDK for Grafana 10.4; newer versions load them, too:
https://grafana.github.io/grafana-foundation-sdk/. A dashboard contains no data and no addresses:
its reader chooses the data sources, and sees only data that these may read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from grafana_foundation_sdk.builders import (
    cloudwatch,
    dashboard,
    prometheus,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import cloudwatch as cloudwatch_model
from grafana_foundation_sdk.models import dashboard as model

from stackyard.monitoring.config import Audience
from stackyard.monitoring.log_metrics import metric_namespace
from stackyard.naming import StackId, fitted, namespace_name

LOGS = model.DataSourceRef(type_val="cloudwatch", uid="${logs}")
METRICS = model.DataSourceRef(type_val="prometheus", uid="${metrics}")

WIDTH, HEIGHT = 12, 8
"""Size of a panel in units of the grid; two panels fill a row."""

HOUR, DAY = "3600", "86400"

LATEST_TWO: dict[str, dict[str, object]] = {
    "reduce": {"mode": "seriesToRows", "reducers": ["lastNotNull"]},
    "convertFieldType": {
        "conversions": [{"targetField": "Field", "destinationType": "number"}],
        "fields": {},
    },
    "sortBy": {"fields": {}, "sort": [{"field": "Field", "desc": True}]},
    "limit": {"limitField": 2},
    "organize": {"renameByName": {"Field": "Version", "Last *": "Score"}},
}
"""Converts a series for each version to the rows of the latest and the previous version:
https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/."""


@dataclass(frozen=True)
class Board:
    """The stack and region of a project's panels."""

    stack: StackId
    region: str

    def body(self, audience: Audience, about: str) -> str:
        """Return the dashboard of an audience as JSON; `about` is the note at its top."""
        board = (
            dashboard.Dashboard(f"{self.stack}: {audience}")
            .uid(f"{uid(self.stack)}-{audience}")
            .tags(["stackyard", self.stack.team, self.stack.project, self.stack.stage, audience])
            .readonly()
            .time("now-2d" if audience == "dev" else "now-14d", "now")
            .with_variable(_source("logs", "cloudwatch"))
            .with_variable(_source("metrics", "prometheus"))
        )
        if audience == "science":
            board.with_variable(self._models())
        panels = {"science": self._science, "dev": self._dev, "business": self._business}[audience]
        board.with_panel(text.Panel().content(about).height(3).span(2 * WIDTH))
        for panel in panels():
            board.with_panel(panel.height(HEIGHT).span(WIDTH))
        return json.dumps(board.build(), cls=JSONEncoder, sort_keys=True)

    def _science(self) -> list[timeseries.Panel | table.Panel]:
        here = self._here
        return [
            self._latest_and_before(),
            _graph("Score of $model by version", self._score("$model")),
            _graph("Errors of training programs", self._counted("TrainingErrors", "Sum")),
            _graph(
                "Use of GPUs by pod, percent",
                _query(f"max by (pod) (DCGM_FI_DEV_GPU_UTIL{{{here}}})", "{{pod}}"),
            ),
        ]

    def _dev(self) -> list[timeseries.Panel | table.Panel]:
        here = self._here
        available = f"kube_deployment_status_replicas_available{{{here}}}"
        desired = f"kube_deployment_spec_replicas{{{here}}}"
        return [
            _graph(
                "Predictions and failures",
                self._counted("Predictions", "Sum"),
                self._counted("PredictionErrors", "Sum"),
            ),
            _graph(
                "Milliseconds of a prediction, 99th percentile",
                self._counted("PredictionMilliseconds", "p99"),
            ),
            _graph(
                "Missing replicas by Deployment",
                _query(f"sum by (deployment) ({desired} - {available})", "{{deployment}}"),
            ),
            _graph(
                "Restarts in an hour by pod",
                _query(
                    "sum by (pod) (increase("
                    f"kube_pod_container_status_restarts_total{{{here}}}[1h]))",
                    "{{pod}}",
                ),
            ),
        ]

    def _business(self) -> list[timeseries.Panel | table.Panel]:
        gpus = f'kube_resourcequota{{{self._here}, resource="requests.nvidia.com/gpu"'
        return [
            _graph("Predictions a day", self._counted("Predictions", "Sum", DAY)),
            _graph("Failed predictions a day", self._counted("PredictionErrors", "Sum", DAY)),
            _graph("GPUs in use", _query(f'sum ({gpus}, type="used"}})', "in use")),
            _graph(
                "GPU hours in a day",
                _query(f'24 * avg_over_time(sum ({gpus}, type="used"}})[1d:5m])', "hours"),
            ),
        ]

    @property
    def _here(self) -> str:
        return f'namespace="{namespace_name(self.stack)}"'

    def _counted(
        self, metric: str, statistic: str, period: str = "300"
    ) -> cloudwatch.CloudWatchMetricsQuery:
        """Return a query of a metric that CloudWatch counts from log lines."""
        return (
            cloudwatch.CloudWatchMetricsQuery()
            .datasource(LOGS)
            .query_mode(cloudwatch_model.CloudWatchQueryMode.METRICS)
            .metric_query_type(cloudwatch_model.MetricQueryType.SEARCH)
            .metric_editor_mode(cloudwatch_model.MetricEditorMode.BUILDER)
            .id(f"q{metric.lower()}")
            .ref_id(metric)
            .expression("")
            .region(self.region)
            .namespace(metric_namespace(self.stack))
            .metric_name(metric)
            .dimensions({})
            .match_exact(True)
            .statistic(statistic)
            .period(period)
            .label(metric)
        )

    def _score(self, which: str) -> cloudwatch.CloudWatchMetricsQuery:
        """Return a query of a model's score, with one series for each version."""
        return (
            self._counted("EvaluationScore", "Average", HOUR)
            .dimensions({"Model": which, "Version": "*"})
            .label("${PROP('Dim.Version')}")
        )

    def _latest_and_before(self) -> table.Panel:
        panel = table.Panel().title("$model: latest version, and the one before")
        panel.with_target(self._score("$model"))
        for name, options in LATEST_TWO.items():
            panel.with_transformation(model.DataTransformerConfig(id_val=name, options=options))
        return panel

    def _models(self) -> dashboard.QueryVariable:
        """Return the variable for choosing one of the models that were ever evaluated.

        Source:
        https://grafana.com/docs/grafana/latest/datasources/aws-cloudwatch/template-variables/.
        """
        query: dict[str, object] = {
            "queryType": "dimensionValues",
            "region": self.region,
            "namespace": metric_namespace(self.stack),
            "metricName": "EvaluationScore",
            "dimensionKey": "Model",
            "dimensionFilters": {},
            "refId": "models",
        }
        return (
            dashboard.QueryVariable("model")
            .label("Model")
            .datasource(LOGS)
            .query(query)
            .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        )


def uid(stack: StackId) -> str:
    """Return the prefix of a project's dashboard ids, which Grafana limits to 40 characters."""
    return fitted(stack.slug, 40 - len("-business"))


def _source(name: str, kind: str) -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable(name).label(name.capitalize()).type(kind)


def _query(expression: str, legend: str) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .datasource(METRICS)
        .ref_id("A")
        .expr(expression)
        .legend_format(legend)
        .range()
    )


def _graph(
    title: str, *queries: cloudwatch.CloudWatchMetricsQuery | prometheus.Dataquery
) -> timeseries.Panel:
    panel = timeseries.Panel().title(title)
    for query in queries:
        panel.with_target(query)
    return panel
