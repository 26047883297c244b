"""Ends a run over several stacks: the exit code, the state of each stack, and the next command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

import typer

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.deploy.progress import state_of
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import STOPPED, Report, Task, lost_provider
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.reports.summary import counts

CODES = {**dict.fromkeys(STOPPED, ExitCode.STOPPED), "config": ExitCode.INVALID}
"""Exit codes by the kind of the first failure; 1 for all others."""


def end(
    reports: Mapping[StackId, Report],
    layers: Sequence[Sequence[Task]],
    stops: StopSignals,
    *,
    json_printed: bool = False,
) -> None:
    """Raise for stacks that failed or were stopped, with the next command to run.

    `json_printed`: stdout already contains the JSON answer, and a second document would make it
    invalid; the error is then printed to stderr as text.
    """
    if stops.received:
        for line in _stopped(reports, layers):
            render.narrate(line)
        raise typer.Exit(ExitCode.INTERRUPTED)
    failed = [r for r in reports.values() if not r.previewed and r.known]
    if failed:
        first = failed[0]
        names = ", ".join(str(report.stack) for report in failed)
        message = f"{names}: {first.result.problem}"
        if waiting := [t for layer in layers for t in layer if t.stack not in reports]:
            message += f" (not started: {', '.join(str(task.stack) for task in waiting)})"
        code = CODES.get(first.result.kind or "", ExitCode.FAILED)
        error = StackyardError(message, hint=first.result.hint or _hint(first), code=code)
        fail(error, json_printed=json_printed)


def table(reports: Mapping[StackId, Report], layers: Sequence[Sequence[Task]]) -> Iterator[str]:
    """Yield a line for each stack of a run over several: its state, changes and seconds."""
    stacks = [task.stack for layer in layers for task in layer]
    if len(stacks) < 2:
        return
    width = max(len(str(stack)) for stack in stacks)
    for stack in stacks:
        report = reports.get(stack)
        if report is None:
            yield f"{stack!s:<{width}}  not started"
            continue
        changes = ", ".join(f"{number} {word}" for word, number in counts(report).items())
        state = state_of(report)
        seconds = f"{report.result.seconds:>5.0f} s"
        detail = f"since {report.unchanged_since}" if report.unchanged_since else changes
        yield f"{stack!s:<{width}}  {state:<9}  {seconds}  {detail}".rstrip()


def counted(reports: Mapping[StackId, Report], done: str) -> str:
    """Return how many stacks a run changed, and how many it found unchanged."""
    same = sum(1 for report in reports.values() if report.unchanged_since)
    text = f"{len(reports) - same} {done}"
    return f"{text}, {same} unchanged" if same else text


def fail(error: StackyardError, *, json_printed: bool) -> NoReturn:
    """Raise the error; if stdout already has the JSON answer, print it and exit with its code."""
    if not json_printed:
        raise error
    render.problem(error, json=False)
    raise typer.Exit(error.code)


def _hint(report: Report) -> str | None:
    if report.operation == "preview":
        return None
    if report.result.kind in {"worker", "killed"} or lost_provider(report):
        return f"run `stackyard recover {report.stack}`"
    return f"what was made is in the state; correct the cause and run `stackyard up {report.stack}`"


def _stopped(reports: Mapping[StackId, Report], layers: Sequence[Sequence[Task]]) -> list[str]:
    lines: list[str] = []
    for task in (task for layer in layers for task in layer):
        report = reports.get(task.stack)
        if report is None:
            lines.append(f"{task.stack}: not started")
        elif report.ok:
            lines.append(f"{task.stack}: {report.operation} done")
        elif report.result.kind == "killed":
            lines.append(f"{task.stack}: not known; run `stackyard recover {task.stack}`")
        else:
            made = sum(1 for s in report.steps.values() if s.phase == "done")
            lines.append(
                f"{task.stack}: stopped, saved and unlocked after {made} resources; "
                f"run `stackyard {report.operation} {task.stack}` to go on"
            )
    return lines
