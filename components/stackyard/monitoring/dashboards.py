"""The CloudWatch dashboards of each audience, as plain data.

Source of the structure:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.monitoring.config import Audience, MonitoringConfig

WIDTH, HEIGHT = 12, 6
"""Size of a graph in units of the grid; two graphs fill a row."""

DAY = 86_400

COSTS = "https://console.aws.amazon.com/billing/home#/budgets"


@dataclass(frozen=True)
class Canvas:
    """The metric namespace and region of a project's graphs."""

    namespace: str
    """The CloudWatch namespace of its metrics."""

    region: str

    def graph(self, title: str, *metrics: str, stat: str, period: int = 300) -> dict[str, Any]:
        """Return a graph of metrics of the project."""
        lines = [[self.namespace, metric] for metric in metrics]
        return self._graph(title, lines, stat=stat, period=period)

    def by_version(self, title: str, metric: str) -> dict[str, Any]:
        """Return a graph with a line for each version of each model, including old versions."""
        # A namespace with other characters than letters and digits is quoted:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html.
        search = f'{{"{self.namespace}",Model,Version}} MetricName="{metric}"'
        line = [{"expression": f"SEARCH('{search}', 'Average', 3600)", "id": "versions"}]
        return self._graph(title, [line], stat="Average", period=3600)

    def _graph(self, title: str, lines: list[Any], *, stat: str, period: int) -> dict[str, Any]:
        properties = {
            "title": title,
            "view": "timeSeries",
            "region": self.region,
            "metrics": lines,
            "stat": stat,
            "period": period,
        }
        return {"type": "metric", "width": WIDTH, "height": HEIGHT, "properties": properties}


def note(text: str) -> dict[str, Any]:
    """Return a text widget."""
    return {"type": "text", "width": 2 * WIDTH, "height": 3, "properties": {"markdown": text}}


def alarm_states(alarm_arns: Sequence[str]) -> dict[str, Any]:
    """Return a widget that shows the states of alarms."""
    properties = {"title": "Alarms", "alarms": list(alarm_arns)}
    return {"type": "alarm", "width": 2 * WIDTH, "height": 3, "properties": properties}


def dashboard(
    audience: Audience, title: str, canvas: Canvas, alarm_arns: Sequence[str], about: str
) -> str:
    """Return a dashboard's body; `alarm_arns` are the audience's own alarms, `about` is a note."""
    graphs = {
        "science": [
            canvas.by_version("Score of each version, latest and before", "EvaluationScore"),
            canvas.graph("Errors of training programs", "TrainingErrors", stat="Sum"),
        ],
        "dev": [
            canvas.graph("Predictions and failures", "Predictions", "PredictionErrors", stat="Sum"),
            canvas.graph("Milliseconds, 99th percentile", "PredictionMilliseconds", stat="p99"),
        ],
        "business": [
            canvas.graph("Predictions a day", "Predictions", stat="Sum", period=DAY),
            canvas.graph("Failed predictions a day", "PredictionErrors", stat="Sum", period=DAY),
        ],
    }[audience]
    widgets = [note(f"# {title}\n{about}"), *graphs]
    if alarm_arns:
        widgets.append(alarm_states(alarm_arns))
    return json.dumps({"widgets": _placed(widgets)}, sort_keys=True)


def about(audience: Audience, config: MonitoringConfig, monthly_limit: int | None) -> str:
    """Return the note at the top of a dashboard."""
    people = ", ".join(sorted(config.subscribers[audience]))
    text = f"Alerts go to {people}."
    if audience == "business" and monthly_limit:
        text += f" The budget is {monthly_limit} USD a month: [costs]({COSTS})."
    return text


def _placed(widgets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Place widgets from left to right, with a new row when one is full."""
    placed, x, y, row = [], 0, 0, 0
    for widget in widgets:
        if x + widget["width"] > 2 * WIDTH:
            x, y, row = 0, y + row, 0
        placed.append({**widget, "x": x, "y": y})
        x, row = x + widget["width"], max(row, widget["height"])
    return placed
