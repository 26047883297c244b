"""One run over many stacks: preview, review, confirm and apply in dependency order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.order import in_order
from stackyard_cli.deploy.outcome import end
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.messages import Result
from stackyard_cli.engine.packs import Packs
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stops import Stops
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.protection import refused, unprotect
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.reports import summary
from stackyard_cli.review import approval, gate

Reports = dict[StackId, Report]


def apply_layers(
    flow: Flow,
    left: list[list[Task]],
    approved: approval.Approval | None,
    *,
    yes: bool,
    json: bool,
) -> Reports:
    """Preview, judge, ask and apply; again for stacks that were not known before a layer stood."""
    done: Reports = {}
    while left and not flow.stops.wanted:
        found = flow.preview(left)
        reviews = flow.reviews(found)
        flow.show(found, reviews, render.narrate)
        end(found, left, flow.stops)
        gate.stop(reviews.values(), json=False)
        ready = [[task for task in layer if found[task.stack].known] for layer in left]
        if not any(ready):
            raise _waiting(found)
        if approved is not None:
            approved.check_same(reviews.values())
            approved.check_state(task for layer in ready for task in layer)
        elif any(changes(report) for report in found.values() if report.known):
            render.confirm("Apply these changes?", yes=yes, refusal="nothing applied")
        left = [[task for task in layer if not found[task.stack].known] for layer in left]
        left = [layer for layer in left if layer]
        done |= flow.apply(ready, found, after=left[0] if left else ())
        if not all(report.ok for report in done.values()):
            break
    return done


class Flow:
    """One run of a verb over a selection."""

    def __init__(
        self,
        deployment: Deployment,
        stops: Stops,
        *,
        values: bool = False,
        refresh: bool = False,
        judged: bool = True,
        workers: Workers | None = None,
    ) -> None:
        self.deployment, self.stops = deployment, stops
        self._values, self._refresh, self._judged = values, refresh, judged
        self._workers = workers or Workers()
        self.reviewed: dict[StackId, gate.Review] = {}
        self._watched = Progress()
        # What a preview violates is told by its review.
        self._silent = Progress(lines=False, violations=False)

    def preview(self, layers: Sequence[Sequence[Task]]) -> Reports:
        """Preview every stack whose upstreams stand firm; the others are unknown."""
        runner = self._runner(self._silent)
        return in_order(
            layers,
            lambda task: runner.run(
                task,
                "preview",
                refresh=self._refresh,
                values=self._values,
                packs=self._packs(task),
            ),
            stops=self.stops,
            beat=self._silent.beat,
            skip=self._unknown,
        )

    def apply(
        self, layers: Sequence[Sequence[Task]], previews: Reports, after: Sequence[Task] = ()
    ) -> Reports:
        """Apply what has changes, record the rest as it is; get ready for `after` meanwhile."""
        self._workers.prepare(task.blueprint for task in after)
        runner = self._runner(self._watched)

        def act(task: Task) -> Report:
            if not changes(previews[task.stack]) and self.deployment.exists(task.stack):
                runner.settle(task)
                return previews[task.stack]
            if consented := refused(previews[task.stack].diagnostics):
                location, engine = self.deployment.location, self.deployment.engine
                unprotect(location, engine, task.stack, consented)
            return runner.run(task, "up", refresh=self._refresh, packs=self._packs(task))

        return in_order(layers, act, stops=self.stops, beat=self._watched.beat, skip=_after_failure)

    def reviews(self, found: Reports) -> dict[StackId, gate.Review]:
        """Review the previews that came to their end."""
        reviews = {
            stack: gate.reviewed(self.deployment.context, report)
            for stack, report in found.items()
            if report.previewed
        }
        self.reviewed |= reviews
        return reviews

    def show(
        self, found: Reports, reviews: Mapping[StackId, gate.Review], tell: Callable[[str], object]
    ) -> None:
        """Tell previews and their reviews line by line."""
        for report in found.values():
            config = self.deployment.context.config_changes(report.task)
            for line in summary.text_of(report, config, values=self._values):
                tell(line)
            if review := reviews.get(report.stack):
                for line in review.lines():
                    tell(line)

    def to_dict(
        self, found: Iterable[Report], reviews: Mapping[StackId, gate.Review]
    ) -> list[dict[str, object]]:
        """Return reports for `--json`, each with its review."""
        return [
            {
                **summary.to_dict(report, self.deployment.context.config_changes(report.task)),
                **(reviews[report.stack].to_dict() if report.stack in reviews else {}),
            }
            for report in found
        ]

    def _packs(self, task: Task) -> Packs:
        return self.deployment.context.packs(task.stack) if self._judged else {}

    def _runner(self, progress: Progress) -> Runner:
        return Runner(
            self.deployment.location,
            self.deployment.engine,
            self.stops,
            lambda task, event: progress.watch(str(task.stack), event),
            workers=self._workers,
        )

    def _unknown(self, task: Task, done: Reports) -> Report | None:
        """Answer for a stack whose upstream is not applied, or is about to promise other things."""
        missing = self.deployment.not_applied(task)
        for upstream in task.upstreams.values():
            report = done.get(upstream)
            if report and any(
                change.path == "outputs.contract"
                for step in report.steps.values()
                for change in step.changes
            ):
                missing = upstream
            if report and report.result.kind == "unknown":
                missing = upstream
        if missing is None:
            return None
        problem = f"unknown until `stackyard up {missing}` is applied"
        return Report(task, "preview", Result("failed", problem=problem, kind="unknown"))


def _waiting(found: Reports) -> StackyardError:
    """Say that no stack can be applied, as what they build on is not selected and not applied."""
    first = next(iter(found.values()))
    return StackyardError(
        f"{first.stack}: {first.result.problem}",
        hint="apply that first, or select both: stacks run in contract order",
        code=ExitCode.FAILED,
    )


def changes(report: Report) -> bool:
    """Say whether an apply would do anything, as far as the preview knows."""
    return not report.known or bool(report.changing)


def _after_failure(task: Task, done: Reports) -> Report | None:
    for upstream in task.upstreams.values():
        report = done.get(upstream)
        if report is not None and not report.ok:
            problem = f"not started, as {upstream} is not applied"
            return Report(task, "up", Result("failed", problem=problem, kind="upstream"))
    return None
