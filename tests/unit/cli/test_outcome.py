"""How a failed run ends: the exit code says whose turn it is."""

from __future__ import annotations

import pytest

from stackyard.blueprints.contracts import ContractError, UpstreamError
from stackyard.naming import StackId
from stackyard_cli.engine.messages import Request, Result
from stackyard_cli.engine.operate import Operation
from stackyard_cli.engine.run import Report, Task
from stackyard_cli.engine.stops import Stops
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.outcome import end

STACK = StackId("vision", "defects", "dev")
REQUEST = Request("preview", str(STACK), "project", {}, {}, "", "/bin/false", "3.259.0")


def kind_of(failure: Exception) -> str | None:
    operation = Operation(REQUEST, lambda _: lambda: None, lambda _: None)
    operation._failure = failure
    return operation._result("the engine's words", 0.0).kind


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ContractError("platform/foundation/dev", "holds 2 GPUs", "lower it"), ExitCode.INVALID),
        (UpstreamError("platform/foundation/dev", "is not applied", "up"), ExitCode.FAILED),
        (ValueError("a mistake of ours"), ExitCode.FAILED),
    ],
)
def test_what_only_the_stack_file_can_correct_is_an_invalid_configuration(
    failure: Exception, code: ExitCode
) -> None:
    task = Task(STACK, "project", {}, "", {})
    report = Report(task, "preview", Result("failed", problem="p", kind=kind_of(failure)))
    with pytest.raises(StackyardError) as caught:
        end({STACK: report}, [[task]], Stops(lambda _: None))
    assert caught.value.code == code
