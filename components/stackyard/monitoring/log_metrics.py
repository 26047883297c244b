"""Metric filters: metrics that CloudWatch counts from log lines.

MLflow's model server writes one access line for each response. A custom server can also write the
duration: `{"event": "prediction", "milliseconds": 12}`. A training program writes `{"event":
"evaluation", "model": …, "version": …, "score": …}` at its end, and `{"level": "ERROR", …}` when it
fails. Source of the patterns:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stackyard.monitoring.config import Audience
from stackyard.naming import StackId


@dataclass(frozen=True)
class LogMetric:
    """One metric, and the log lines from which it is counted."""

    name: str
    audience: Audience
    """The audience whose log group has the lines."""

    pattern: str
    value: str = "1"
    unit: str = "Count"
    dimensions: Mapping[str, str] = field(default_factory=dict)


REQUEST = 'level, client, dash, request = "POST /invocations*"'
"""Pattern for the start of an access line, `INFO: 10.0.0.1:80 - "POST /invocations HTTP/1.1" 200
OK`."""

LOG_METRICS: tuple[LogMetric, ...] = (
    LogMetric("Predictions", "dev", f"[{REQUEST}, status, ...]"),
    LogMetric("PredictionErrors", "dev", f"[{REQUEST}, status = 5*, ...]"),
    LogMetric(
        "PredictionMilliseconds",
        "dev",
        '{ $.event = "prediction" }',
        value="$.milliseconds",
        unit="Milliseconds",
    ),
    LogMetric("TrainingErrors", "science", '{ $.level = "ERROR" }'),
    LogMetric(
        "EvaluationScore",
        "science",
        '{ $.event = "evaluation" }',
        value="$.score",
        unit="None",
        dimensions={"Model": "$.model", "Version": "$.version"},
    ),
)


def metric_namespace(stack: StackId) -> str:
    """Return the CloudWatch namespace of a project's metrics."""
    return f"Stackyard/{stack.slug}"


def log_group(stack: StackId, audience: Audience) -> str:
    """Return the name of an audience's log group."""
    return f"/stackyard/{stack}/{audience}"
