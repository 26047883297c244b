"""Runs Step Functions state machines, which moto by default only records.

A build that a state machine starts answers SUCCEEDED at once and makes nothing, see
docs/sandbox.md.
"""

import json
from contextlib import suppress
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.models import stepfunctions_backends
from moto.stepfunctions.responses import StepFunctionResponse


def install() -> None:
    """Have state machines interpreted; before the first one is read or made."""
    vars(stepfunctions_backends)["backend"] = _interpreting
    setattr(StepFunctionResponse, _validated.__name__, _validated)


def resume() -> None:
    """Repair the interpreter if the account that was restored has state machines."""
    if any(stepfunctions_backends.values()):
        from stackyard_sandbox.cloud.moto_patches import state_machine_interpreter

        state_machine_interpreter.install()


def _validated(self: StepFunctionResponse) -> ActionResult:
    """Validate a definition, which the provider asks for while it plans; by its shape only.

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
