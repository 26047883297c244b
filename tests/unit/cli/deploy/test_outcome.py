"""How a run over several stacks ends, also for readers of `--json`."""

from __future__ import annotations

import json

import pytest
import typer

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.deploy.outcome import end, table
from stackyard_cli.engine.messages import Result, Step
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import StackyardError
from stackyard_cli.review.drift import unseen

TASK = Task(StackId("a1", "b1", "dev"), "project", {}, "", {})
FAILED = Report(TASK, "preview", Result("failed", problem="no state", hint="look", kind="state"))


def test_a_failure_after_the_answer_leaves_one_json_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, stops = {TASK.stack: FAILED}, StopSignals(lambda _: None)
    with pytest.raises(StackyardError, match="a1/b1/dev: no state"):
        end(found, [[TASK]], stops)
    render.answer([unseen(FAILED).to_dict()], json=True)
    with pytest.raises(typer.Exit) as ended:
        end(found, [[TASK]], stops, json_printed=True)
    told = capsys.readouterr()
    [row] = json.loads(told.out)
    assert (row["kind"], row["stack"], row["reason"]) == ("unknown", "a1/b1/dev", "no state")
    assert (ended.value.exit_code, "a1/b1/dev: no state" in told.err) == (1, True)


def test_a_run_over_several_stacks_ends_with_a_table() -> None:
    tasks = [Task(StackId("a1", name, "dev"), "project", {}, "", {}) for name in ("b", "cc", "d")]
    step = Step("done", "urn:1", "aws:s3/bucket:Bucket", "create")
    applied = Report(tasks[0], "up", Result("succeeded", seconds=12.4), {"urn:1": step})
    same = Report(tasks[1], "preview", Result("succeeded"), unchanged_since="2026-11-01")
    reports = {report.stack: report for report in (applied, same)}
    assert list(table(reports, [tasks[:2], tasks[2:]])) == [
        "a1/b/dev   done          12 s  1 create",
        "a1/cc/dev  unchanged      0 s  since 2026-11-01",
        "a1/d/dev   not started",
    ]
    assert list(table(reports, [tasks[:1]])) == [], "one stack has said all"
