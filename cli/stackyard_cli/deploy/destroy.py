"""Destroys stacks in reverse dependency order: plan, checks, confirmation, orphaned resources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.backend import preconditions
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.deploy import outcome
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.flow import open_flow
from stackyard_cli.deploy.options import FlowOptions, Pace
from stackyard_cli.deploy.order import Layers, Reports
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.estate_ops.selection import select
from stackyard_cli.inventory.orphan_search import orphans_of
from stackyard_cli.inventory.orphans import Orphans
from stackyard_cli.recovery import cluster_logs
from stackyard_cli.recovery.lock import check_free
from stackyard_cli.reports import destruction, summary
from stackyard_cli.review.blast_radius import losses_of_destroy, unwaived


@dataclass(frozen=True)
class Destruction:
    """The stacks that a destroy would delete; computing it changes nothing."""

    deployment: Deployment
    layers: Layers
    """Stacks in reverse dependency order; only existing ones."""

    @classmethod
    def of(cls, deployment: Deployment, patterns: Sequence[str]) -> Destruction:
        """Plan for the stacks that match; raises StackyardError if others depend on them."""
        chosen = select(deployment.estate, patterns)
        if dependents := deployment.downstreams(chosen):
            names = " ".join(map(str, dependents))
            raise StackyardError(
                f"{names} still exist and depend on stacks that would be destroyed",
                hint=f"run `stackyard destroy {names}` first, or name them as well",
            )
        layers = [
            [task for task in layer if deployment.exists(task.stack)]
            for layer in reversed(deployment.layers(chosen))
        ]
        return cls(deployment, layers)

    @property
    def tasks(self) -> list[Task]:
        """The stacks in the order in which they are destroyed."""
        return [task for layer in self.layers for task in layer]

    def lines(self) -> Iterator[str]:
        """Yield the resources that would be deleted and those that would stay, for people."""
        for task in self.tasks:
            yield from destruction.lines(task.stack, self._resources(task.stack))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the resources to delete as plain data, in the form of a preview's report."""
        return [destruction.to_dict(t.stack, self._resources(t.stack)) for t in self.tasks]

    def check(self) -> None:
        """Refuse locked stacks, and losses of data or keys that no waiver allows."""
        check_free(self.deployment.location, [task.stack for task in self.tasks])
        losses = [line for task in self.tasks for line in self._losses(task.stack)]
        if losses:
            raise StackyardError(
                f"stopped by blast radius: {len(losses)} resources with data or keys would be lost",
                hint="`protection.retain: true` keeps them; or waive each in the stack file",
                code=ExitCode.STOPPED,
                details=losses,
                facts={"losses": losses},
            )

    def confirm(self, confirmed: Collection[str], *, yes: bool) -> None:
        """Ask for the name of each unconfirmed protected stack, then once for all stacks."""
        if not self.tasks:
            return
        for task in self.tasks:
            name = str(task.stack)
            if self.deployment.is_protected(task.stack) and name not in confirmed:
                _ask_for_name(name, yes=yes)
        render.confirm("Destroy these stacks?", yes=yes, refusal="nothing destroyed")

    def run(self, pace: Pace) -> Destroyed:
        """Destroy the stacks, then search for orphaned resources of the destroyed ones."""
        with open_flow(self.deployment, FlowOptions(pace=pace)) as flow:
            reports = flow.destroy(self.layers)
        destroyed = [stack for stack, report in reports.items() if report.ok]
        environment = self.deployment.location.environment
        for line in cluster_logs.removed(environment, self.deployment.loaded, destroyed):
            render.narrate(line)
        orphans = self._orphans(destroyed)
        return Destroyed(self.layers, flow.stops, reports, orphans)

    def _resources(self, stack: StackId) -> list[Resource]:
        checkpoint = self.deployment.location.state(stack).read()
        return preconditions.made(checkpoint) if checkpoint else []

    def _losses(self, stack: StackId) -> Iterator[str]:
        checkpoint = self.deployment.location.state(stack).read()
        if checkpoint is None or not self.deployment.is_protected(stack):
            return
        waivers = self.deployment.loaded[stack].config.waivers
        for loss in unwaived(losses_of_destroy(checkpoint.resources), waivers):
            yield f"{stack}: {loss}"

    def _orphans(self, stacks: Sequence[StackId]) -> Orphans:
        """Search for orphaned resources; missing permissions for it do not fail the destroy."""
        try:
            return orphans_of(self.deployment.location, self.deployment.estate, stacks)
        except StackyardError as error:
            return Orphans(not_seen=[error.message])


@dataclass(frozen=True)
class Destroyed:
    """The result of a destroy, complete or not."""

    layers: Layers
    stops: StopSignals
    reports: Reports
    orphans: Orphans

    @property
    def kept(self) -> list[dict[str, str | None]]:
        """The resources that stay in the cloud on purpose."""
        return [row for report in self.reports.values() for row in destruction.kept(report)]

    def to_dict(self) -> dict[str, Any]:
        """Return reports, kept resources and orphaned resources as plain data."""
        stacks = [summary.to_dict(report) for report in self.reports.values()]
        return {"stacks": stacks, "kept": self.kept, **self.orphans.to_dict()}

    def warnings(self) -> Iterator[str]:
        """Yield a line for every resource that still exists."""
        for item in self.kept:
            name = f"{item['type']}  {item['name']}  {item['id'] or ''}"
            yield f"kept in the cloud ({item['data_class']}): {name}"
        for row in self.orphans.unexpected:
            yield f"left: {row.stack}  {row.type}  {row.name}  {row.cost}"

    def end(self, *, json_printed: bool = False) -> None:
        """Raise if a stack failed or was stopped; see `outcome.end`."""
        for line in outcome.table(self.reports, self.layers):
            render.narrate(line)
        outcome.end(self.reports, self.layers, self.stops, json_printed=json_printed)
        render.narrate(outcome.counted(self.reports, "destroyed"), "green")


def _ask_for_name(name: str, *, yes: bool) -> None:
    """Ask for a protected stack's name; `--yes` does not answer that."""
    hint = f"add `--confirm {name}`"
    if yes or not render.interactive():
        message = f"{name} is protected: its name must be typed"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    if render.ask(f"{name} is protected. Type its name to destroy it:") != name:
        message = f"nothing destroyed: the answer was not {name}"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
