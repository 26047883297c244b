"""Operations on stacks, each in a worker process of its own, in contract order."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from stackyard.naming import StackId
from stackyard_cli import journal
from stackyard_cli.engine import guard, packs
from stackyard_cli.engine.binary import Engine, sdk_version
from stackyard_cli.engine.checkpoint import Checkpoint
from stackyard_cli.engine.job import Job
from stackyard_cli.engine.messages import (
    Diagnostic,
    Event,
    Operation,
    Request,
    Result,
    Step,
    Violation,
)
from stackyard_cli.engine.place import Place
from stackyard_cli.engine.session import Session, session
from stackyard_cli.engine.stops import Stops
from stackyard_cli.engine.workers import Workers
from stackyard_cli.errors import StackyardError
from stackyard_cli.records import Outcome, Record, new_record

WIDTH = 2
"""Stacks at once: a worker takes about 180 MB, and its program a whole core."""

LOST = re.compile(r"reading from server|transport is closing|connection (refused|reset)|\bEOF\b")
"""What gRPC says of a provider that is gone."""

REPLACING = frozenset({"replace", "create-replacement", "delete-replaced"})
"""The steps that a replacement is made of."""

OUTCOMES: dict[tuple[Operation, str], Outcome] = {
    ("up", "succeeded"): "applied",
    ("destroy", "succeeded"): "destroyed",
}


@dataclass(frozen=True)
class Task:
    """A stack, ready to be handed to a worker."""

    stack: StackId
    blueprint: str
    config: dict[str, Any]
    digest: str
    upstreams: Mapping[str, StackId]
    ready: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)
    """Waits for what the program needs beside its upstreams; StackyardError if that fails."""


@dataclass
class Report:
    """What one operation on one stack came to."""

    task: Task
    operation: Operation
    result: Result = field(default_factory=lambda: Result("failed"))
    steps: dict[str, Step] = field(default_factory=dict)
    """The latest step of each URN, in the order in which the engine took them up."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    @property
    def stack(self) -> StackId:
        """The stack."""
        return self.task.stack

    @property
    def ok(self) -> bool:
        """Whether it did what was asked."""
        return self.result.outcome == "succeeded"

    @property
    def changing(self) -> list[Step]:
        """The steps that change something, outputs of the stack included."""
        return [
            step
            for step in self.steps.values()
            if not step.type.startswith("pulumi:providers:")
            and (step.operation not in {"same", "read"} or step.changes)
        ]

    def take(self, event: Event) -> None:
        """Add what a worker tells."""
        if isinstance(event, Step):
            before = self.steps.get(event.urn)
            self.steps[event.urn] = _joined(before, event) if before else event
        elif isinstance(event, Diagnostic):
            self.diagnostics.append(event)
        elif isinstance(event, Violation):
            self.violations.append(event)


def _joined(before: Step, after: Step) -> Step:
    """Return the later step with what only the earlier one names; two halves make a replace."""
    halves = {before.operation, after.operation} & REPLACING
    return replace(
        after,
        operation="replace" if halves else after.operation,
        changes=after.changes or before.changes,
        replace_keys=after.replace_keys or before.replace_keys,
        priced_before=after.priced_before or before.priced_before,
        priced_after=after.priced_after or before.priced_after,
        granted_before=after.granted_before or before.granted_before,
        granted_after=after.granted_after or before.granted_after,
    )


Watch = Callable[[Task, Event], None]


class Runner:
    """Starts workers for one estate."""

    def __init__(
        self,
        place: Place,
        engine: Engine,
        stops: Stops,
        watch: Watch,
        workers: Workers | None = None,
    ) -> None:
        os.umask(0o077)  # state, plan and config files of the engine are world-readable otherwise
        self.place, self.engine, self.stops = place, engine, stops
        self._watch, self._workers = watch, workers or Workers()

    def run(self, task: Task, operation: Operation, **options: Any) -> Report:
        """Run one operation to its end; a state that does not allow it is a failed report."""
        try:
            task.ready()
            return self._run(task, operation, **options)
        except StackyardError as error:
            result = Result("failed", problem=error.message, hint=error.hint, kind="state")
            return Report(task, operation, result)

    def _run(self, task: Task, operation: Operation, **options: Any) -> Report:
        applies = operation != "preview"
        checkpoint = guard.checked_state(self.place, task.stack, applies=applies)
        scratch = checkpoint is None and not applies
        with session(self.place, self.engine, task.stack, scratch=scratch) as opened:
            options["types"] = _types(checkpoint)
            if scratch:
                opened.invent()
                for upstream in task.upstreams.values():
                    opened.lend(upstream)
                return self._work(opened, task, operation, **options)
            if checkpoint is None:
                opened.create()
            opened.keep_key_file()
            if not applies:
                return self._work(opened, task, operation, **options)
            return self._applied(opened, task, operation, **options)

    def _applied(self, opened: Session, task: Task, operation: Operation, **options: Any) -> Report:
        """Run what changes the stack, with its memory written before and after."""
        records = self.place.records(task.stack)
        if data := self.place.state(task.stack).raw():
            records.keep_state(data)
        record = records.read() or new_record(task.stack, task.blueprint)
        record = record.now(
            "destroying" if operation == "destroy" else "applying",
            blueprint=task.blueprint,
            attempted=task.config if operation == "up" else record.attempted,
            engine=self.engine.version,
            sdk=sdk_version(),
        )
        records.write(record)
        path = journal.new_path(self.place.home, task.stack.slug, operation)
        report = self._work(opened, task, operation, journal=str(path), **options)
        opened.keep_key_file()
        records.write(_after(record, report))
        return report

    def _work(self, opened: Session, task: Task, operation: Operation, **options: Any) -> Report:
        report = Report(task, operation)
        options |= packs.written(options.pop("packs", {}), opened.folder)
        request = Request(
            operation=operation,
            stack=str(task.stack),
            blueprint=task.blueprint,
            config=task.config,
            upstreams={name: str(stack) for name, stack in task.upstreams.items()},
            work_dir=str(opened.folder),
            engine_path=str(self.engine.path),
            engine_version=self.engine.version,
            **options,
        )

        def on_event(event: Event) -> None:
            report.take(event)
            self._watch(task, event)

        environment = {**opened.environment, **packs.interpreter_first()}
        worker = self._workers.take(task.stack, task.blueprint)
        job = Job(request, environment, on_event, worker)
        self.stops.add(job)
        try:
            report.result = job.wait()
        finally:
            self.stops.remove(job)
        # One that failed or was interrupted may have threads that wait for its engine.
        self._workers.give(task.stack, worker, again=report.ok)
        return report

    def settle(self, task: Task) -> None:
        """Record that a stack already is as its config says: a preview found nothing to do."""
        records = self.place.records(task.stack)
        record = records.read()
        if record and (record.outcome, record.digest) != ("applied", task.digest):
            records.write(_as_applied(record, task))


def _after(record: Record, report: Report) -> Record:
    task, outcome = report.task, OUTCOMES.get((report.operation, report.result.outcome))
    if outcome == "applied":
        return _as_applied(record, task)
    if outcome == "destroyed":
        return record.now(outcome, config={}, attempted={}, digest="")
    if report.operation == "refresh":
        return record
    if report.result.outcome == "interrupted":
        return record.now("interrupted")
    return record.now("unsettled" if lost_provider(report) else "failed")


def _types(checkpoint: Checkpoint | None) -> list[str]:
    return sorted({r["type"] for r in guard.made(checkpoint)}) if checkpoint else []


def lost_provider(report: Report) -> bool:
    """Say whether a create failed because its provider went away in the middle.

    The engine then clears the pending operation, and the state says nothing of what may exist.
    """
    failed = {s.urn for s in report.steps.values() if s.phase == "failed"}
    return any(
        item.urn in failed and LOST.search(item.message)
        for item in report.diagnostics
        if item.severity == "error"
    )


def _as_applied(record: Record, task: Task) -> Record:
    return record.now("applied", config=task.config, attempted={}, digest=task.digest)


def in_order(
    layers: Iterable[Sequence[Task]],
    act: Callable[[Task], Report],
    *,
    stops: Stops,
    beat: Callable[[], None],
    skip: Callable[[Task, dict[StackId, Report]], Report | None],
) -> dict[StackId, Report]:
    """Act on every stack, layer by layer, two at once; `skip` may answer in place of acting.

    The main thread only waits and calls `beat`, so that signals are handled at once.
    """
    done: dict[StackId, Report] = {}
    with ThreadPoolExecutor(WIDTH) as pool:
        for layer in layers:
            running: dict[Future[Report], Task] = {}
            for task in layer:
                if stops.wanted:
                    break
                if answer := skip(task, done):
                    done[task.stack] = answer
                else:
                    running[pool.submit(act, task)] = task
            left = set(running)
            while left:
                left = wait(left, timeout=0.2).not_done
                beat()
            for future, task in running.items():
                done[task.stack] = future.result()
    return done
