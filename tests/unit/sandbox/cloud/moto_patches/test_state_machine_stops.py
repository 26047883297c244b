"""A stop ends an execution at once, whatever its state does, retries or catches."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_sqs as sqs,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.parser.utils import TMP_THREADS

from stackyard_sandbox.cloud.moto_patches import (
    state_machine_events,
    state_machine_interpreter,
)
from stackyard_sandbox.cloud.strictness import execution_roles

CAUGHT = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
LONG = 20.0


@dataclass
class Work:
    """What the task of the machine does: it waits until it may end, and ends with an error."""

    calls: int = 0
    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def __call__(self, *_: Any, **__: Any) -> None:
        self.calls += 1
        self.begun.set()
        assert self.may_end.wait(LONG)
        raise RuntimeError("not done yet")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    work = Work()
    monkeypatch.setattr(sqs.StateTaskServiceSqs, "_eval_service_task", work)
    yield work
    work.may_end.set()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Start an execution of a machine with one task, and with these fields of the task."""
    # Which roles a machine may have is another test's subject.
    monkeypatch.setattr(execution_roles, "trusts", lambda *_, **__: True)
    state_machine_interpreter.install()
    backend = StepFunctionsParserBackend("eu-central-1", "123456789012")

    def start(**fields: Any) -> Any:
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "q", "MessageBody": "m"},
            "Next": "Done",
            **fields,
        }
        states = {
            "Work": task,
            "Caught": {"Type": "Pass", "End": True},
            "Done": {"Type": "Succeed"},
        }
        made = backend.create_state_machine(
            name="m",
            definition=json.dumps({"StartAt": "Work", "States": states}),
            roleArn="arn:aws:iam::123456789012:role/m",
        )
        return backend.start_execution(made.arn, execution_input="{}")

    return start


def stop(execution: Any) -> None:
    execution.state_machine.backend.stop_execution(execution.exec_arn)


def events(execution: Any) -> list[str]:
    return [str(event["type"].value) for event in execution.to_history_output()["events"]]


def settle() -> None:
    """Wait until no thread of the interpreter runs."""
    for thread in list(TMP_THREADS):
        thread.join(LONG)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Catch": CAUGHT},
        {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]},
        {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}], "Catch": CAUGHT},
    ],
    ids=["alone", "caught", "retried", "retried-and-caught"],
)
def test_a_stop_while_a_task_runs_aborts(
    machine: Callable[..., Any], work: Work, fields: dict[str, Any]
) -> None:
    execution = machine(**fields)
    assert work.begun.wait(LONG)
    stop(execution)
    described = execution.to_describe_output()
    assert described["status"] == "ABORTED"
    before = events(execution)
    assert before[-1] == "ExecutionAborted"
    work.may_end.set()
    settle()
    assert execution.to_describe_output() == described
    assert events(execution) == before, "nothing happens after the end"
    assert work.calls == 1


def test_a_stop_while_a_retry_waits_aborts_at_once(machine: Callable[..., Any], work: Work) -> None:
    work.may_end.set()
    execution = machine(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2}])
    until(lambda: "TaskFailed" in events(execution))
    stop(execution)
    assert execution.to_describe_output()["status"] == "ABORTED"
    settle()
    assert execution.to_describe_output()["status"] == "ABORTED"
    assert work.calls == 1


def test_a_stop_right_after_the_start_is_not_lost(machine: Callable[..., Any], work: Work) -> None:
    execution = machine()
    stop(execution)
    assert execution.to_describe_output()["status"] == "ABORTED"
    work.may_end.set()
    settle()
    assert events(execution)[-1] == "ExecutionAborted"


def test_what_has_ended_stays_as_it_ended(machine: Callable[..., Any], work: Work) -> None:
    work.may_end.set()
    execution = machine(Catch=CAUGHT)
    settle()
    before = execution.to_describe_output()
    stop(execution)
    assert before["status"] == "SUCCEEDED"
    assert execution.to_describe_output() == before


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_each_end_is_reported_once(
    machine: Callable[..., Any], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others than the machine act on it: a rule deletes the Jobs of a stopped run."""
    told: list[Any] = []
    monkeypatch.setattr(state_machine_events, "_send", lambda _, event: told.append(event))
    stopped = machine()
    assert work.begun.wait(LONG)
    stop(stopped)
    work.may_end.set()
    settle()
    failed = machine()
    settle()
    until(lambda: len(told) == 2)
    assert {event["source"] for event in told} == {"aws.states"}
    statuses = {event["detail"]["executionArn"]: event["detail"]["status"] for event in told}
    assert statuses == {stopped.exec_arn: "ABORTED", failed.exec_arn: "FAILED"}
    assert told[0]["detail"]["name"] == stopped.name
    assert told[0]["detail"]["stateMachineArn"] == stopped.state_machine.arn
