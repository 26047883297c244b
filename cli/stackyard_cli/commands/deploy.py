"""`preview` and `up`: show what would change, ask, apply in contract order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from stackyard.naming import StackId
from stackyard_cli import render, reports
from stackyard_cli.deployment import Deployment
from stackyard_cli.engine.messages import Result
from stackyard_cli.engine.packs import Packs
from stackyard_cli.engine.protection import refused, unprotect
from stackyard_cli.engine.run import Report, Runner, Task, in_order
from stackyard_cli.engine.stops import Stops
from stackyard_cli.engine.workers import KEPT, Workers
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, PoliciesOf, Selection, Stacks, Yes
from stackyard_cli.outcome import end, known, previewed
from stackyard_cli.progress import Progress
from stackyard_cli.recovery.lock import check_free
from stackyard_cli.review import approval, gate

Refresh = Annotated[
    bool,
    typer.Option("--refresh/--no-refresh", help="First look at what the cloud really holds."),
]
Diff = Annotated[bool, typer.Option("--diff", help="Show old and new values; secrets are hidden.")]
Expect = Annotated[
    bool, typer.Option("--expect-no-changes", help="Exit with 4 if anything would change.")
]

KeepReceipt = Annotated[
    Path | None,
    typer.Option(
        "--receipt",
        help="Keep the reviewed change as FILE.json, or one for each stack in a folder.",
    ),
]
Approved = Annotated[
    Path | None,
    typer.Option("--receipt", help="Apply exactly this reviewed change, without a question."),
]
Digest = Annotated[
    str | None, typer.Option("--digest", help="The digest that was approved with the receipt.")
]

Reports = dict[StackId, Report]


def preview(
    stacks: Selection = None,
    refresh: Refresh = False,
    expect_no_changes: Expect = False,
    diff: Diff = False,
    receipt: KeepReceipt = None,
    policies_of: PoliciesOf = None,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Show what `up` would change; changes nothing."""
    deployment = Deployment.open(estate)
    layers = deployment.layers(deployment.estate.select(stacks))
    deployment.hold_to(policies_of)
    deployment.check_immutables(task for layer in layers for task in layer)
    with Stops(render.narrate) as stops:
        flow = Flow(deployment, stops, values=diff, refresh=refresh)
        found = flow.preview(layers)
    reviews = flow.reviews(found)
    if not json:
        flow.show(found, reviews, _answer)
    else:
        render.answer({"stacks": flow.plain(found.values(), reviews)}, json=True)
    if receipt is not None:
        approval.keep(deployment, receipt, list(reviews.values()), refresh=refresh)
    end(found, layers, stops, answered=json)
    gate.stop(reviews.values(), json=json)
    if expect_no_changes and any(_changes(report) for report in found.values()):
        raise typer.Exit(ExitCode.CHANGES_PENDING)


def up(
    stacks: Stacks,
    yes: Yes = False,
    refresh: Refresh = False,
    diff: Diff = False,
    receipt: Approved = None,
    digest: Digest = None,
    policies_of: PoliciesOf = None,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Apply stacks, in contract order: preview, ask, apply; layer by layer where one is new."""
    deployment = Deployment.open(estate)
    layers = deployment.layers(deployment.estate.select(stacks))
    check_free(deployment.place, (task.stack for layer in layers for task in layer))
    deployment.hold_to(policies_of)
    deployment.check_immutables(task for layer in layers for task in layer)
    approved = None
    if receipt is not None:
        tasks = [task for layer in layers for task in layer]
        approved = approval.Approval.opened(deployment, receipt, tasks, digest)
        refresh = approved.refresh
    with Stops(render.narrate) as stops, Workers(keep=KEPT) as workers:
        flow = Flow(deployment, stops, values=diff, refresh=refresh, workers=workers)
        done = _layer_by_layer(flow, layers, approved, yes=yes, json=json)
    if json:
        render.answer({"stacks": flow.plain(done.values(), flow.reviewed)}, json=True)
    end(done, layers, stops, answered=json)
    render.narrate(f"{len(done)} applied", "green")


def _layer_by_layer(
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
        ready = [[task for task in layer if known(found[task.stack])] for layer in left]
        if not any(ready):
            raise _waiting(found)
        if approved is not None:
            approved.check_same(reviews.values())
            approved.check_state(task for layer in ready for task in layer)
        elif any(_changes(report) for report in found.values() if known(report)):
            _agree(yes=yes)
        left = [[task for task in layer if not known(found[task.stack])] for layer in left]
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
            if not _changes(previews[task.stack]) and self.deployment.exists(task.stack):
                runner.settle(task)
                return previews[task.stack]
            if consented := refused(previews[task.stack].diagnostics):
                place, engine = self.deployment.place, self.deployment.engine
                unprotect(place, engine, task.stack, consented)
            return runner.run(task, "up", refresh=self._refresh, packs=self._packs(task))

        return in_order(layers, act, stops=self.stops, beat=self._watched.beat, skip=_after_failure)

    def reviews(self, found: Reports) -> dict[StackId, gate.Review]:
        """Review the previews that came to their end."""
        reviews = {
            stack: gate.reviewed(self.deployment, report)
            for stack, report in found.items()
            if previewed(report)
        }
        self.reviewed |= reviews
        return reviews

    def show(
        self, found: Reports, reviews: Mapping[StackId, gate.Review], tell: Callable[[str], object]
    ) -> None:
        """Tell previews and their reviews line by line."""
        for report in found.values():
            config = self.deployment.config_changes(report.task)
            for line in reports.text_of(report, config, values=self._values):
                tell(line)
            if review := reviews.get(report.stack):
                for line in review.lines():
                    tell(line)

    def plain(
        self, found: Iterable[Report], reviews: Mapping[StackId, gate.Review]
    ) -> list[dict[str, object]]:
        """Return reports for `--json`, each with its review."""
        return [
            {
                **reports.plain(report, self.deployment.config_changes(report.task)),
                **(reviews[report.stack].plain() if report.stack in reviews else {}),
            }
            for report in found
        ]

    def _packs(self, task: Task) -> Packs:
        return self.deployment.packs(task.stack) if self._judged else {}

    def _runner(self, progress: Progress) -> Runner:
        return Runner(
            self.deployment.place,
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


def _answer(line: str) -> None:
    render.answer(line, json=False)


def _waiting(found: Reports) -> StackyardError:
    """Say that no stack can be applied, as what they build on is not selected and not applied."""
    first = next(iter(found.values()))
    return StackyardError(
        f"{first.stack}: {first.result.problem}",
        hint="apply that first, or select both: stacks run in contract order",
        code=ExitCode.FAILED,
    )


def _changes(report: Report) -> bool:
    return not known(report) or bool(report.changing)


def _after_failure(task: Task, done: Reports) -> Report | None:
    for upstream in task.upstreams.values():
        report = done.get(upstream)
        if report is not None and not report.ok:
            problem = f"not started, as {upstream} is not applied"
            return Report(task, "up", Result("failed", problem=problem, kind="upstream"))
    return None


def _agree(*, yes: bool) -> None:
    if yes:
        return
    if render.ask("Apply these changes? Type `yes`:") != "yes":
        raise StackyardError("not applied: the answer was not `yes`", code=ExitCode.INVALID)
