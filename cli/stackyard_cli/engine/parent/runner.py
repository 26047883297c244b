"""Runs one operation on one stack in a worker process and keeps its record (parent side)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stackyard_cli.backend import journal, preconditions
from stackyard_cli.backend.checkpoint import Checkpoint
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pulumi_binary import Engine, sdk_version
from stackyard_cli.backend.records import Outcome, Record, new_record
from stackyard_cli.engine import packs
from stackyard_cli.engine.messages import (
    Event,
    Operation,
    Request,
    Result,
)
from stackyard_cli.engine.parent.job import Job
from stackyard_cli.engine.parent.session import Session, session
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.report import Report, Task, lost_provider
from stackyard_cli.errors import StackyardError

OUTCOMES: dict[tuple[Operation, str], Outcome] = {
    ("up", "succeeded"): "applied",
    ("destroy", "succeeded"): "destroyed",
}


Watch = Callable[[Task, Event], None]


class Runner:
    """Starts workers for one estate."""

    def __init__(
        self,
        location: Location,
        engine: Engine,
        stops: StopSignals,
        watch: Watch,
        workers: Workers | None = None,
    ) -> None:
        self.location, self.engine, self.stops = location, engine, stops
        self._watch, self._workers = watch, workers or Workers()

    def run(self, task: Task, operation: Operation, **options: Any) -> Report:
        """Run one operation to its end; if the state does not allow it, the report is a failure."""
        try:
            # Not before a destroy: a cluster that never started has no resources to delete.
            if task.prerequisite is not None and operation != "destroy":
                task.prerequisite.wait()
            return self._run(task, operation, **options)
        except StackyardError as error:
            result = Result("failed", problem=error.message, hint=error.hint, kind="state")
            return Report(task, operation, result)

    def _run(self, task: Task, operation: Operation, **options: Any) -> Report:
        applies = operation != "preview"
        checkpoint = preconditions.checked_state(self.location, task.stack, applies=applies)
        scratch = checkpoint is None and not applies
        with session(self.location, self.engine, task.stack, scratch=scratch) as opened:
            options["types"] = _types(checkpoint)
            if scratch:
                opened.create_in_scratch()
                for upstream in task.upstreams.values():
                    opened.copy_state_of(upstream)
                return self._work(opened, task, operation, **options)
            if checkpoint is None:
                opened.create()
            opened.keep_key_file()
            if not applies:
                return self._work(opened, task, operation, **options)
            return self._applied(opened, task, operation, **options)

    def _applied(self, opened: Session, task: Task, operation: Operation, **options: Any) -> Report:
        """Run an operation that changes the stack; write its record before and after."""
        records = self.location.records(task.stack)
        if data := self.location.state(task.stack).raw():
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
        path = journal.new_path(self.location.home, task.stack.slug, operation)
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
        # The threads of a failed or interrupted worker may still wait for its engine.
        self._workers.put_back(task.stack, worker, again=report.ok)
        return report

    def record_as_applied(self, task: Task) -> None:
        """Record the config of a stack whose preview found no change as applied."""
        records = self.location.records(task.stack)
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
    return sorted({r["type"] for r in preconditions.made(checkpoint)}) if checkpoint else []


def _as_applied(record: Record, task: Task) -> Record:
    return record.now("applied", config=task.config, attempted={}, digest=task.digest)
