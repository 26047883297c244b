"""Tells EventBridge how executions end; moto does not.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html.
"""

import copy
import threading

from moto.core.utils import unix_time
from moto.events.models import events_backends
from moto.events.utils import _BASE_EVENT_MESSAGE, EventMessageType
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.backend.execution import Execution

DETAIL_TYPE = "Step Functions Execution Status Change"


def announce(execution: Execution) -> None:
    """Send the event of an execution's status; its caller does not wait."""
    threading.Thread(target=_send, args=(execution, _event(execution)), daemon=True).start()


def _event(execution: Execution) -> EventMessageType:
    described = execution.to_describe_output()
    detail = {
        "executionArn": described["executionArn"],
        "stateMachineArn": described["stateMachineArn"],
        "name": described["name"],
        "status": ExecutionStatus(described["status"]).value,
        "input": described["input"],
        "output": described.get("output"),
        "error": described.get("error"),
        "cause": described.get("cause"),
    }
    event: EventMessageType = copy.deepcopy(_BASE_EVENT_MESSAGE)
    event["detail-type"] = DETAIL_TYPE
    event["source"] = "aws.states"
    event["account"] = execution.account_id
    event["region"] = execution.region_name
    event["time"] = unix_time()
    event["resources"] = [execution.exec_arn]
    event["detail"] = detail
    return event


def _send(execution: Execution, event: EventMessageType) -> None:
    events = events_backends[execution.account_id][execution.region_name]
    for bus in [*events.event_buses.values()]:
        for rule in list(bus.rules.values()):
            rule.send_to_targets(event, transform_input=False)
