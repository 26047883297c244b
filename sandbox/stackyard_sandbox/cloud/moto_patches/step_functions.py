"""Runs Step Functions state machines, which moto by default only records.

A build that a state machine starts answers SUCCEEDED at once and makes nothing, see
docs/sandbox.md.
"""

from typing import Any

from moto.stepfunctions.models import stepfunctions_backends


def install() -> None:
    """Have state machines interpreted; before the first one is read or made."""
    vars(stepfunctions_backends)["backend"] = _interpreting


def resume() -> None:
    """Repair the interpreter if the account that was restored has state machines."""
    if any(stepfunctions_backends.values()):
        from stackyard_sandbox.cloud.moto_patches import state_machine_interpreter

        state_machine_interpreter.install()


def _interpreting(region_name: str, account_id: str) -> Any:
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    from stackyard_sandbox.cloud.moto_patches import state_machine_interpreter

    state_machine_interpreter.install()
    return StepFunctionsParserBackend(region_name, account_id)
