"""Ends a stopped execution at once: it is ABORTED whatever its states retry or catch.

Events report each end.

moto only asks the running state to end: its error, or that of its retry, then fails the execution,
and a state that waits for hours keeps it RUNNING. No state can retry or catch a stop, see
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

import time
from datetime import datetime
from threading import Lock
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionAbortedEventDetails,
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)

from stackyard_sandbox.cloud.moto_patches import state_machine_events

ENDS = {
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionTimedOut,
}
"""Events of which one is the last of every history."""

_ONE_EVENT = Lock()
_add_event = EventManager.add_event
_reflect: Any = BaseExecutionWorkerCommunication._reflect_execution_status


def install() -> None:
    """Correct what a stop does; a second call has no effect."""
    Execution.stop = _stop  # type: ignore[method-assign]  # a repair
    EventManager.add_event = _add_event_before_the_end  # type: ignore[method-assign]  # a repair
    BaseExecutionWorkerCommunication._reflect_execution_status = _reflect_unless_ended  # type: ignore[method-assign]  # a repair


def _stop(self: Execution, stop_date: datetime, error: str | None, cause: str | None) -> None:
    """End an execution that runs; one that has ended stays as it is."""
    if self.exec_status != ExecutionStatus.RUNNING:
        return
    environment = _environment(self)
    details: Any = {
        "executionAbortedEventDetails": ExecutionAbortedEventDetails(error=error, cause=cause)
    }
    environment.event_history_context.source_event_id = 0
    added = environment.event_manager.add_event(
        context=environment.event_history_context,
        event_type=HistoryEventType.ExecutionAborted,
        event_details=details,
    )
    if added:
        self.exec_status, self.stop_date = ExecutionStatus.ABORTED, stop_date
        environment.set_stop(stop_date=stop_date, error=error, cause=cause)
        state_machine_events.announce(self)


def _environment(execution: Execution) -> Environment:
    """Return the state of an execution once its thread, which may just have started, has made it.

    Until its first state is known moto ignores a stop.
    """
    worker: Any = execution.exec_worker
    while worker.env is None or worker.env.program_state() is None:
        time.sleep(0.01)
    made: Environment = worker.env
    return made


def _add_event_before_the_end(self: EventManager, *arguments: Any, **named: Any) -> int:
    """Add an event to a history that has not ended; return its id, or else 0."""
    with _ONE_EVENT:
        history = self._history_event_list
        if history and history[-1]["type"] in ENDS:
            return 0
        return _add_event(self, *arguments, **named)


def _reflect_unless_ended(self: BaseExecutionWorkerCommunication) -> None:
    """Take over how the program ended, except that of a stopped execution."""
    if self.execution.exec_status == ExecutionStatus.RUNNING:
        _reflect(self)
        state_machine_events.announce(self.execution)
