"""Applies stacks for `up` and `drift --fix`: preview, review, confirm, apply, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.deploy import outcome
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.flow import Flow, open_flow
from stackyard_cli.deploy.options import FlowOptions, Pace
from stackyard_cli.deploy.order import Layers, Reports
from stackyard_cli.deploy.previews import Previews, changes, to_dicts
from stackyard_cli.deploy.rings import Dealt, Health, dealt
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.recovery import cluster_logs
from stackyard_cli.recovery.lock import check_free
from stackyard_cli.review import gate
from stackyard_cli.review.approval import Approval


@dataclass(frozen=True)
class ApplyOptions:
    """Options of an apply."""

    yes: bool = False
    """Do not ask about changes that are known when the run begins."""

    yes_to_all: bool = False
    """Do not ask about any change, including those that become known during the run."""

    refresh: bool = False
    values: bool = False
    """Print old and new values with the previews."""

    receipt: Path | None = None
    """The reviewed change; nothing else is applied, and there is no question."""

    digest: str | None = None
    policies_of: str | None = None
    """The git revision whose policy settings are enforced; None for the working tree."""

    all: bool = False
    """Preview every stack, also those of which nothing changed since their last success."""

    pace: Pace = field(default_factory=Pace)

    @property
    def flow(self) -> FlowOptions:
        """How the run previews and applies; a receipt and a refresh want every preview."""
        every = self.all or self.refresh or self.receipt is not None
        return FlowOptions(
            values=self.values, applies=True, skip_unchanged=not every, pace=self.pace
        )


@dataclass
class Applied:
    """The result of an apply, complete or not."""

    deployment: Deployment
    layers: Layers
    stops: StopSignals
    reports: Reports = field(default_factory=dict)
    reviews: dict[StackId, gate.Review] = field(default_factory=dict)
    unseen: list[StackId] = field(default_factory=list)
    """Stacks left out: their changes became known during the run, without a confirmation."""

    @property
    def complete(self) -> bool:
        """Whether nothing that was begun failed, was stopped or left out."""
        ok = all(report.ok for report in self.reports.values())
        return ok and not self.unseen and not self.stops.received

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the reports as plain data, each with its review."""
        return to_dicts(self.deployment, self.reports, self.reviews)

    def end(self, *, json_printed: bool = False) -> None:
        """Raise if a stack failed, was stopped (see `outcome.end`) or still needs a review."""
        for line in outcome.table(self.reports, self.layers):
            render.narrate(line)
        outcome.end(self.reports, self.layers, self.stops, json_printed=json_printed)
        render.narrate(outcome.counted(self.reports, "applied"), "green")
        if self.unseen:
            names = " ".join(map(str, self.unseen))
            message = f"not applied: {names}; the changes were unknown when this run began"
            hint = f"review them and run `stackyard up {names}`; `--yes-to-all` applies them unseen"
            error = StackyardError(message, hint=hint, code=ExitCode.CHANGES_PENDING)
            outcome.fail(error, json_printed=json_printed)


def apply_stacks(deployment: Deployment, patterns: Sequence[str], options: ApplyOptions) -> Applied:
    """Apply the stacks that match, after their review and a confirmation."""
    layers = deployment.select(patterns)
    tasks = [task for layer in layers for task in layer]
    check_free(deployment.location, (task.stack for task in tasks))
    deployment.enforce_policies_of(options.policies_of)
    deployment.check_immutables(layers)
    approval = None
    if options.receipt is not None:
        approval = Approval.opened(deployment.context, options.receipt, tasks, options.digest)
        options = replace(options, refresh=approval.refresh)
    rings = dealt(deployment.estate, [task.stack for task in tasks])
    with open_flow(deployment, options.flow) as flow:
        applied = Applied(deployment, layers, flow.stops)
        for index, ring in enumerate(rings):
            _apply_layers(flow, _of_ring(layers, ring), approval, options, applied)
            if not applied.complete:
                later = rings[index + 1 :] if applied.unseen else []
                applied.unseen += [stack for one in later for stack in one.stacks]
                break
            if rings[index + 1 :]:
                _await_green(applied, ring)
    return applied


def _of_ring(layers: Layers, ring: Dealt) -> list[list[Task]]:
    chosen = ([task for task in layer if task.stack in ring.stacks] for layer in layers)
    return [layer for layer in chosen if layer]


def _await_green(applied: Applied, ring: Dealt) -> None:
    """Look at a ring before the next one; for its time if this run has changed something in it."""
    deployment = applied.deployment
    changed = any(applied.reports[stack].operation == "up" for stack in ring.stacks)
    health = Health(deployment.location, deployment.estate, applied.stops)
    health.await_green(ring, ring.green_seconds if changed else 0)


def _apply_layers(
    flow: Flow,
    layers: Layers,
    approval: Approval | None,
    options: ApplyOptions,
    applied: Applied,
) -> None:
    """Apply the known changes, then preview the remaining stacks again, until none is left.

    A stack whose upstream is new, or changes its contract, cannot be previewed before that
    upstream is applied. It therefore gets a preview, a review and a confirmation of its own in a
    later round: nothing is ever applied that was not shown. One round does for all others. With
    `--yes` nobody saw the changes of a later round, so the run ends before them.
    """
    remaining = [list(layer) for layer in layers]
    while remaining and not flow.stops.received:
        previews = flow.preview(remaining, refresh=options.refresh)
        applied.reviews |= previews.reviews
        for line in previews.lines(values=options.values):
            render.narrate(line)
        previews.end()
        gate.stop(previews.reviews.values(), json=False)
        ready, remaining = _split_by_known(previews)
        if not ready:
            raise _nothing_ready(previews)
        only_known = options.yes and not options.yes_to_all and approval is None
        if applied.reports and only_known and _changing(previews):
            applied.unseen = [task.stack for layer in [*ready, *remaining] for task in layer]
            break
        _check_approved(previews, ready, approval, yes=options.yes or options.yes_to_all)
        _remove_late_logs(flow.deployment, ready)
        following = remaining[0] if remaining else ()
        applied.reports |= flow.apply(previews, ready, refresh=options.refresh, following=following)
        if not all(report.ok for report in applied.reports.values()):
            break


def _remove_late_logs(deployment: Deployment, ready: Layers) -> None:
    """Remove what EKS wrote after a former life of a foundation; it would stop the apply."""
    new = [task.stack for layer in ready for task in layer if not deployment.exists(task.stack)]
    environment = deployment.location.environment
    for line in cluster_logs.removed(environment, deployment.loaded, new):
        render.narrate(line)


def _split_by_known(previews: Previews) -> tuple[Layers, list[list[Task]]]:
    """Return the layers that can be applied now, and the stacks that need another preview."""
    ready, remaining = (
        [
            chosen
            for layer in previews.layers
            if (chosen := [t for t in layer if previews.reports[t.stack].known is known])
        ]
        for known in (True, False)
    )
    return ready, remaining


def _check_approved(
    previews: Previews, ready: Layers, approval: Approval | None, *, yes: bool
) -> None:
    """Require an approval of exactly these changes: the receipt's, or a person's answer."""
    if approval is not None:
        approval.check_same(previews.reviews.values())
        approval.check_state(task for layer in ready for task in layer)
    elif _changing(previews):
        render.confirm("Apply these changes?", yes=yes, refusal="nothing applied")


def _changing(previews: Previews) -> bool:
    return any(changes(report) for report in previews.reports.values() if report.known)


def _nothing_ready(previews: Previews) -> StackyardError:
    """Return the error for stacks that all depend on an upstream outside the selection."""
    first = next(iter(previews.reports.values()))
    return StackyardError(
        f"{first.stack}: {first.result.problem}",
        hint="apply that first, or select both: stacks are applied in dependency order",
        code=ExitCode.FAILED,
    )
