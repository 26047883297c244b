"""What a run leaves in the cluster is deleted: by the rule, and by what its state machine does."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from moto.events.models import EventPattern
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_lambda as calls,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from stackyard.pipeline import cleanup
from stackyard.pipeline.cleanup import definition
from stackyard.pipeline.documents import run_ended
from stackyard_sandbox.cloud.moto_patches import state_machine_events, state_machine_interpreter
from stackyard_sandbox.cloud.strictness import execution_roles

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:vision-defects-dev-acts-as-pipeline"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:vision-defects-dev"
LONG = 20.0


def ended(status: str, machine: str = MACHINE) -> Any:
    """The event of a run, as the emulator sends it."""
    described = {
        "executionArn": f"{machine.replace('stateMachine', 'execution')}:run",
        "stateMachineArn": machine,
        "name": "run",
        "status": status,
        "input": "{}",
    }
    return state_machine_events._event(
        SimpleNamespace(  # type: ignore[arg-type]  # what the event is made of
            to_describe_output=lambda: described,
            account_id="123456789012",
            region_name="eu-central-1",
            exec_arn=described["executionArn"],
        )
    )


@pytest.mark.parametrize(
    ("status", "cleaned"),
    [("ABORTED", True), ("FAILED", True), ("TIMED_OUT", True), ("SUCCEEDED", False)],
)
def test_runs_that_end_without_success_are_cleaned_up(status: str, cleaned: bool) -> None:
    pattern = run_ended(MACHINE)
    matched = EventPattern(json.dumps(pattern), pattern)
    assert matched.matches_event(ended(status)) is cleaned
    assert not matched.matches_event(ended(status, f"{MACHINE}-cleanup")), "no run of its own"


def test_jobs_are_deleted_at_once_and_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look finds the Job of a call that had begun; a call that fails is made again."""
    asked: list[Any] = []

    def call(_: Any, env: Any, *__: Any, normalised_parameters: Any, **___: Any) -> None:
        asked.append(json.loads(normalised_parameters["Payload"]))
        assert normalised_parameters["FunctionName"] == FUNCTION
        if len(asked) == 1:
            raise RuntimeError("the API server does not answer")
        env.stack.append({"Payload": {"deleted": []}})

    monkeypatch.setattr(calls.StateTaskServiceLambda, "_eval_service_task", call)
    monkeypatch.setattr(cleanup, "CALL_SECONDS", 1)
    monkeypatch.setitem(cleanup.UNREACHABLE, "IntervalSeconds", 1)
    # Which roles a machine may have is another test's subject.
    monkeypatch.setattr(execution_roles, "trusts", lambda *_, **__: True)
    state_machine_interpreter.install()
    backend = StepFunctionsParserBackend("eu-central-1", "123456789012")
    machine = backend.create_state_machine(
        name="cleanup",
        definition=json.dumps(definition(FUNCTION, "aws")),
        roleArn="arn:aws:iam::123456789012:role/cleanup",
    )
    detail = ended("ABORTED")["detail"]
    run = backend.start_execution(machine.arn, execution_input=json.dumps(detail))
    deadline = time.monotonic() + LONG
    while run.to_describe_output()["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert run.to_describe_output()["status"] == "SUCCEEDED", run.to_describe_output()
    assert asked == [{"step": "stop", "run": "run"}] * 3
