"""An apply takes over secrets of a stack's former life, in one update."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.naming import StackId
from stackyard_cli.deploy import flow
from stackyard_cli.deploy.flow import Flow
from stackyard_cli.engine.messages import Operation, Result, Step
from stackyard_cli.engine.report import Report, Task

STACK = StackId("vision", "defects", "staging")
TASK = Task(STACK, "project", {"region": "eu-central-1"}, "d", {})
SECRET = "aws:secretsmanager/secret:Secret"
ARNS = {"vision/defects/staging/api": "arn:secret"}


class Runner:
    """Notes the options of each run."""

    def __init__(self, *fails: int) -> None:
        self.runs: list[dict[str, Any]] = []
        self.fails = fails

    def run(self, task: Task, operation: Operation, **options: Any) -> Report:
        self.runs.append(options)
        failed = len(self.runs) in self.fails
        return Report(task, operation, Result("failed" if failed else "succeeded"))


def applied(
    monkeypatch: pytest.MonkeyPatch, runner: Any, found: dict[str, str], operation: str = "create"
) -> Report:
    monkeypatch.setattr(Flow, "_restored_secrets", lambda *_: found)
    monkeypatch.setattr(Flow, "_packs", lambda *_: {})
    step = Step("done", "urn:pulumi:staging::p::t::api", SECRET, operation)
    preview = Report(TASK, "preview", Result("succeeded"), {step.urn: step})
    return Flow.__new__(Flow)._applied(runner, TASK, preview, refresh=False)


def test_what_was_restored_is_imported_by_the_one_update(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    assert applied(monkeypatch, runner, ARNS).ok
    assert [run.get("secrets") for run in runner.runs] == [ARNS]


def test_a_stack_without_a_former_life_is_applied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    assert applied(monkeypatch, runner, {}).ok
    assert [run.get("secrets") for run in runner.runs] == [None]


def test_a_failure_of_the_update_is_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not applied(monkeypatch, Runner(1), ARNS).ok


def test_the_account_is_asked_only_where_secrets_are_created() -> None:
    steps = {
        kind: Step("done", kind, SECRET if kind != "topic" else "aws:sns/topic:Topic", operation)
        for kind, operation in (("secret", "update"), ("topic", "create"))
    }
    assert not flow.creates_secrets(Report(TASK, "preview", Result("succeeded"), steps))
