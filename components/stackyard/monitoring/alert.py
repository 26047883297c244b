"""What an alert is: for Prometheus a rule, for CloudWatch an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stackyard.monitoring.config import Audience

Severity = Literal["page", "ticket"]
"""`page`: needs attention now. `ticket`: on the next working day."""


@dataclass(frozen=True)
class Alert:
    """The fields of every alert, for Prometheus and for CloudWatch."""

    name: str
    audience: Audience
    severity: Severity
    summary: str
    runbook: str
    """Steps to take, in order; part of the notification."""

    def __post_init__(self) -> None:
        """Refuse an alert without a summary or with too short a runbook."""
        if len(self.runbook.split()) < 12 or not self.summary:
            raise ValueError(f"{self.name}: needs a summary, and a runbook that says what to do")


@dataclass(frozen=True)
class Rule(Alert):
    """An alert that Prometheus evaluates."""

    expression: str
    minutes: int = 0
    """Minutes for which the expression must be true before the alert fires."""


@dataclass(frozen=True)
class Alarm(Alert):
    """An alert that CloudWatch evaluates, on metrics counted from log lines."""

    metrics: tuple[str, ...]
    """Metrics of the project's own namespace; their names are the ids in `expression`, too."""

    statistic: str
    """Name of the statistic in CloudWatch, for example `Sum` or `p99`."""

    threshold: float
    period_seconds: int
    expression: str | None = None
    """Metric math over `metrics`; None uses the only metric itself."""

    comparison: str = "GreaterThanThreshold"
    silence_is: Literal["notBreaching", "breaching"] = "notBreaching"
    """State that CloudWatch assumes in a period without data."""
