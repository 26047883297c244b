"""Compares applied stacks with the cloud: two previews, one of them with a refresh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.flow import open_flow
from stackyard_cli.deploy.options import FlowOptions, Pace
from stackyard_cli.deploy.order import Reports
from stackyard_cli.deploy.previews import Previews
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.estate_ops.selection import select
from stackyard_cli.review import drift
from stackyard_cli.review.dates import today

ORDER = ("unknown", "risky", "benign", "expected", "ignored")
"""The order of a stack's rows."""


@dataclass(frozen=True)
class DriftCheck:
    """The drift of the selected stacks."""

    refreshed: Previews
    rows: list[dict[str, Any]]

    @property
    def drifted(self) -> list[str]:
        """The stacks that were changed outside of Stackyard."""
        return sorted({row["stack"] for row in self.rows if row["kind"] in {"risky", "benign"}})

    def expired_rules(self) -> Iterator[str]:
        """Yield a line for every expired `drift.ignore` rule."""
        for rule in self.refreshed.deployment.estate.settings.drift.ignore:
            if rule.expires < today():
                yield f"`drift.ignore` for {rule.resource} expired on {rule.expires}"


def check_drift(deployment: Deployment, patterns: Sequence[str] | None, pace: Pace) -> DriftCheck:
    """Compare the applied stacks that match with the cloud; changes nothing."""
    chosen = [s for s in select(deployment.estate, patterns) if deployment.exists(s)]
    # One layer: each stack is compared with the current contracts of its upstreams, not with the
    # contracts after pending edits of their files.
    layers = [[task for layer in deployment.layers(chosen) for task in layer]]
    with open_flow(deployment, FlowOptions(enforce_policies=False, pace=pace)) as flow:
        refreshed = flow.preview(layers, refresh=True)
        # Pending edits of the files are in both previews, and are no drift.
        edited = [[task for task in layer if _is_edited(deployment, task)] for layer in layers]
        pending = flow.preview(edited).reports
    return DriftCheck(refreshed, _rows(deployment, refreshed.reports, pending))


def _rows(deployment: Deployment, refreshed: Reports, pending: Reports) -> list[dict[str, Any]]:
    ignores = deployment.estate.settings.drift.ignore

    def drifted(report: Report) -> list[drift.Drift]:
        if not report.ok:
            return [drift.unseen(report)]
        return drift.drift(report, pending.get(report.stack), ignores, today())

    rows = [each.to_dict() for report in refreshed.values() for each in drifted(report)]
    rows.sort(key=lambda row: (row["stack"], ORDER.index(row["kind"]), row["name"], row["path"]))
    return rows


def _is_edited(deployment: Deployment, task: Task) -> bool:
    """Return whether the files differ from those of the last apply."""
    record = deployment.location.records(task.stack).read()
    return record is None or record.digest != task.digest
