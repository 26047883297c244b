"""Runs Step Functions state machines, which moto by default only records.

A build that a state machine starts returns SUCCEEDED at once and builds nothing, see
docs/sandbox.md.
"""

import json
from contextlib import suppress
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.models import stepfunctions_backends
from moto.stepfunctions.responses import StepFunctionResponse


def install() -> None:
    """Enable the interpreter; before the first state machine is read or created."""
    vars(stepfunctions_backends)["backend"] = _interpreting
    setattr(StepFunctionResponse, _validated.__name__, _validated)


def resume() -> None:
    """Correct the interpreter if the restored account has state machines."""
    if any(stepfunctions_backends.values()):
        from stackyard_sandbox.cloud.moto_patches import state_machine_interpreter

        state_machine_interpreter.install()


def _validated(self: StepFunctionResponse) -> ActionResult:
    """Validate the form of a definition, which the provider requests during a preview.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html.
    """
    known: Any = None
    with suppress(ValueError):
        known = json.loads(self._get_param("definition"))
    if isinstance(known, dict) and known.get("StartAt") in known.get("States", ()):
        return ActionResult({"result": "OK", "diagnostics": []})
    fault = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": "no start state"}
    return ActionResult({"result": "FAIL", "diagnostics": [fault]})


_validated.__name__ = "validate_state_machine_definition"


def _interpreting(region_name: str, account_id: str) -> Any:
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    from stackyard_sandbox.cloud.moto_patches import state_machine_interpreter

    state_machine_interpreter.install()
    return StepFunctionsParserBackend(region_name, account_id)
