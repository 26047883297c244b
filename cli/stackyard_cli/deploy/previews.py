"""The previews of one run over many stacks, with the review of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stackyard.naming import StackId
from stackyard_cli.deploy import outcome
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.order import Layers, Reports
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Report
from stackyard_cli.reports import summary
from stackyard_cli.review import gate


@dataclass(frozen=True)
class Previews:
    """The changes that an apply of the selected stacks would make."""

    deployment: Deployment
    layers: Layers
    stops: StopSignals
    reports: Reports

    @cached_property
    def reviews(self) -> dict[StackId, gate.Review]:
        """The review of every completed preview; an unchanged stack has nothing to review."""
        context = self.deployment.context
        return {
            stack: gate.reviewed(context, report)
            for stack, report in self.reports.items()
            if report.previewed and not report.unchanged_since
        }

    @property
    def incomplete(self) -> list[Report]:
        """The previews that failed or could not start; they have no review."""
        return [report for report in self.reports.values() if not report.previewed]

    @property
    def changing(self) -> bool:
        """Whether an apply would change any of the stacks, or might: some previews are unknown."""
        return any(changes(report) for report in self.reports.values())

    def lines(self, *, values: bool = False) -> Iterator[str]:
        """Yield previews and reviews for people; `values`: with old and new values."""
        for report in self.reports.values():
            config = self.deployment.context.config_changes(report.task)
            yield from summary.text_of(report, config, values=values)
            if review := self.reviews.get(report.stack):
                yield from review.lines()

    def to_dict(self) -> list[dict[str, Any]]:
        """Return previews and reviews as plain data."""
        return to_dicts(self.deployment, self.reports, self.reviews)

    def end(self, *, json_printed: bool = False) -> None:
        """Raise if a preview failed or was stopped; see `outcome.end`."""
        outcome.end(self.reports, self.layers, self.stops, json_printed=json_printed)


def to_dicts(
    deployment: Deployment, reports: Reports, reviews: dict[StackId, gate.Review]
) -> list[dict[str, Any]]:
    """Return reports as plain data, each with its review."""
    return [
        {
            **summary.to_dict(report, deployment.context.config_changes(report.task)),
            **(reviews[stack].to_dict() if stack in reviews else {}),
        }
        for stack, report in reports.items()
    ]


def changes(report: Report) -> bool:
    """Return whether an apply would change the stack, or might: the preview is unknown."""
    return not report.known or bool(report.changing)
