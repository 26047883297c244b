"""One run over many stacks: previews, applies and destroys them in dependency order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.clients.aws import Aws
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.options import FlowOptions
from stackyard_cli.deploy.order import (
    Layers,
    Operate,
    Reports,
    WaitsFor,
    readers_of,
    run_in_dependency_order,
    upstreams,
)
from stackyard_cli.deploy.previews import Previews, changes
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.messages import Operation, Result
from stackyard_cli.engine.packs import Packs
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.protection import refused, unprotect, unprotect_all
from stackyard_cli.engine.report import Report, Task, lost_provider
from stackyard_cli.errors import StackyardError
from stackyard_cli.recovery.secrets import SECRET, restored
from stackyard_cli.review.unchanged import remember, unchanged

BACKEND_READS = 8
"""Number of stacks whose records are read at once: on S3 each read waits for an answer."""


class Flow:
    """The operations of one run; each receives layers of tasks and returns a report per stack."""

    def __init__(
        self,
        deployment: Deployment,
        stops: StopSignals,
        workers: Workers,
        options: FlowOptions,
    ) -> None:
        self.deployment, self.stops = deployment, stops
        self._workers, self._options = workers, options

    def preview(self, layers: Layers, *, refresh: bool = False) -> Previews:
        """Preview every stack whose upstreams are applied and unchanged; others are unknown.

        `refresh`: compare with the cloud instead of the last state.
        """
        # Policy violations of a preview are part of its review, which is printed later.
        progress = Progress(lines=False, violations=False)
        runner = self._runner(progress)
        tasks = [task for layer in layers for task in layer]
        same = {} if refresh or not self._options.skip_unchanged else self._unchanged(tasks)
        rest = [task for task in tasks if task.stack not in same]
        if len(rest) > 1:
            self._workers.preload(task.blueprint for task in rest)

        def preview_one(task: Task, earlier: Reports) -> Report:
            if upstream := self._unsettled_upstream(task, earlier):
                problem = f"unknown until `stackyard up {upstream}` is applied"
                return _not_run(task, "preview", problem, kind="unknown")
            if task.stack in same:
                return same[task.stack]
            return self._previewed(runner, task, refresh=refresh)

        return Previews(
            self.deployment, layers, self.stops, self._run(layers, preview_one, progress)
        )

    def _unchanged(self, tasks: Sequence[Task]) -> Reports:
        """Return the reports of the stacks that need no preview."""
        context = self.deployment.context
        with ThreadPoolExecutor(BACKEND_READS) as pool:
            found = pool.map(lambda task: unchanged(context, task), tasks)
            return {report.stack: report for report in found if report is not None}

    def _previewed(self, runner: Runner, task: Task, *, refresh: bool) -> Report:
        """Preview a stack; once more if a process was lost, as a preview changes nothing."""

        def run() -> Report:
            options = {"refresh": refresh, "values": self._options.values}
            return runner.run(task, "preview", packs=self._packs(task), **options)

        report = run()
        lost = report.result.kind == "worker" or lost_provider(report)
        if report.previewed or not lost or self.stops.received:
            return report
        render.narrate(f"{task.stack}: previewed once more, after: {report.result.problem}")
        return run()

    def apply(
        self,
        previews: Previews,
        layers: Layers,
        *,
        refresh: bool = False,
        following: Sequence[Task] = (),
    ) -> Reports:
        """Apply the changed stacks, and record the config of the others as applied.

        `following`: stacks that are previewed next. Their workers and clusters start in the
        meantime.
        """
        self._workers.prepare(task.blueprint for task in following)
        for task in following:
            if task.prerequisite is not None:
                task.prerequisite.start()
        progress = Progress()
        runner = self._runner(progress)

        def apply_one(task: Task, earlier: Reports) -> Report:
            for upstream in task.upstreams.values():
                if upstream in earlier and not earlier[upstream].ok:
                    problem = f"not started, as {upstream} is not applied"
                    return _not_run(task, "up", problem, kind="upstream")
            preview = previews.reports[task.stack]
            if preview.unchanged_since:
                return preview
            if not changes(preview) and self.deployment.exists(task.stack):
                runner.record_as_applied(task)
                self._remember(task)
                return preview
            # The engine refuses these resources; the review allowed them because of a waiver in the
            # stack file, otherwise the run would have ended there.
            if protected := refused(preview.diagnostics):
                location, engine = self.deployment.location, self.deployment.engine
                unprotect(location, engine, task.stack, protected)
            report = self._applied(runner, task, preview, refresh=refresh)
            if report.ok:
                self._remember(task)
            return report

        return self._run(layers, apply_one, progress)

    def _applied(self, runner: Runner, task: Task, preview: Report, *, refresh: bool) -> Report:
        """Apply a stack; secrets of its former life are taken over."""
        try:
            secrets = self._restored_secrets(task) if creates_secrets(preview) else {}
        except StackyardError as error:
            result = Result("failed", problem=error.message, hint=error.hint, kind="secrets")
            return Report(task, "up", result)
        taken_over = {"secrets": secrets} if secrets else {}
        return runner.run(task, "up", refresh=refresh, packs=self._packs(task), **taken_over)

    def _restored_secrets(self, task: Task) -> dict[str, str]:
        """Restore what waits for its deletion; return ARN by name."""
        from botocore.exceptions import BotoCoreError, ClientError

        account = Aws(self.deployment.location.environment, task.config["region"])
        try:
            secrets = restored(account, task.stack)
        except (BotoCoreError, ClientError) as error:
            render.narrate(f"{task.stack}: cannot list the secrets that wait for deletion: {error}")
            return {}
        if secrets:
            names = ", ".join(sorted(secrets))
            render.narrate(f"{task.stack}: restored, with their values: {names}")
        return secrets

    def _remember(self, task: Task) -> None:
        try:
            remember(self.deployment.context, task)
        except StackyardError as error:
            # The apply succeeded; the next run previews the stack, as if this was its first.
            render.narrate(f"{task.stack}: not recorded as unchanged: {error.message}", "yellow")

    def destroy(self, layers: Layers) -> Reports:
        """Destroy the stacks; `layers` are in reverse dependency order."""
        progress = Progress()
        runner = self._runner(progress)

        readers = readers_of(layers)

        def destroy_one(task: Task, earlier: Reports) -> Report:
            if not all(earlier[reader].ok for reader in readers[task.stack]):
                problem = "not started, as a stack that depends on it could not be destroyed"
                return _not_run(task, "destroy", problem, kind="upstream")
            if self.deployment.is_protected(task.stack):
                unprotect_all(self.deployment.location, self.deployment.engine, task.stack)
            return runner.run(task, "destroy")

        return self._run(layers, destroy_one, progress, lambda task: readers[task.stack])

    def _unsettled_upstream(self, task: Task, earlier: Reports) -> StackId | None:
        """Return an upstream whose contract is not known: not applied, or about to change.

        A preview reads the contracts of the backend. Where this run would change a contract, it
        would show the difference to the old one, and miss every consequence of the new one; so it
        is not made at all until the upstream is applied. An upstream that is unknown itself may
        change its contract too. Of several, the last in dependency order is returned.
        """
        for upstream in reversed([*task.upstreams.values()]):
            report = earlier.get(upstream)
            if report and (not report.known or _changes_contract(report)):
                return upstream
        return self.deployment.not_applied(task)

    def _packs(self, task: Task) -> Packs:
        return self.deployment.context.packs(task.stack) if self._options.enforce_policies else {}

    def _runner(self, progress: Progress) -> Runner:
        return Runner(
            self.deployment.location,
            self.deployment.engine,
            self.stops,
            lambda task, event: progress.watch(str(task.stack), event),
            workers=self._workers,
        )

    def _run(
        self,
        layers: Layers,
        operate: Operate,
        progress: Progress,
        waits_for: WaitsFor = upstreams,
    ) -> Reports:
        return run_in_dependency_order(
            layers,
            operate,
            stops=self.stops,
            progress=progress,
            pace=self._options.pace,
            waits_for=waits_for,
        )


@contextmanager
def open_flow(deployment: Deployment, options: FlowOptions | None = None) -> Iterator[Flow]:
    """Start a run: it handles Ctrl-C, and its idle workers end with it."""
    chosen = options or FlowOptions()
    kept = chosen.pace.parallel if chosen.applies else 0
    with StopSignals(render.narrate) as stops, Workers(keep=kept) as workers:
        yield Flow(deployment, stops, workers, chosen)


def preview_stacks(
    deployment: Deployment,
    layers: Layers,
    options: FlowOptions | None = None,
    *,
    refresh: bool = False,
) -> Previews:
    """Preview stacks in a separate run; changes nothing."""
    with open_flow(deployment, options) as flow:
        return flow.preview(layers, refresh=refresh)


def _changes_contract(report: Report) -> bool:
    return any(
        change.path == "outputs.contract"
        for step in report.steps.values()
        for change in step.changes
    )


def creates_secrets(preview: Report) -> bool:
    """Return whether a preview creates secrets, whose names a former destroy may still hold."""
    return any(
        step.type == SECRET and step.operation == "create" for step in preview.steps.values()
    )


def _not_run(task: Task, operation: Operation, problem: str, *, kind: str) -> Report:
    return Report(task, operation, Result("failed", problem=problem, kind=kind))
