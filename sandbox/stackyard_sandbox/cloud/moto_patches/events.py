"""Allows EventBridge rules to start state machines; moto drops such events.

A rule matches events only if it has a pattern; the emulator would send every event to the targets
of schedules, too. Schedules themselves never fire here.
"""

import copy
import json
import logging
import os
import threading
from typing import Any

import boto3
from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
from moto.events.models import Rule
from moto.events.utils import EventMessageType

from stackyard_sandbox.cloud.iam.service_roles import credentials
from stackyard_sandbox.processes import LOOPBACK

SERVICE = "events.amazonaws.com"

_send = Rule.send_to_targets
_log = logging.getLogger(__name__)


def install() -> None:
    """Deliver events to state machines."""
    Rule.send_to_targets = _deliver  # type: ignore[method-assign]  # a repair


def _deliver(self: Rule, original_event: EventMessageType, transform_input: bool = True) -> None:
    pattern = self.event_pattern
    if not self.event_pattern.dump() or self.state != "ENABLED":
        return
    if not pattern.matches_event(original_event):
        return
    machines = [target for target in self.targets if ":states:" in target["Arn"]]
    for target in machines:
        # The event's sender does not wait, and receives no failures.
        threading.Thread(target=_start, args=(self, target, original_event), daemon=True).start()
    if len(machines) < len(self.targets):
        others = copy.copy(self)
        others.targets = [target for target in self.targets if target not in machines]
        _send(others, original_event, transform_input)


def _start(rule: Rule, target: dict[str, Any], event: EventMessageType) -> None:
    try:
        session = credentials(target["RoleArn"], SERVICE, rule.name, rule.arn)
        client = boto3.client(
            "stepfunctions",
            region_name=rule.region_name,
            endpoint_url=f"http://{LOOPBACK}:{os.environ['MOTO_PORT']}",
            aws_access_key_id=session.access_key,
            aws_secret_access_key=session.secret_key,
            aws_session_token=session.token,
        )
        client.start_execution(stateMachineArn=target["Arn"], input=_input(target, event))
    except Exception:
        _log.exception("%s: not delivered to %s", rule.arn, target["Arn"])


def _input(target: dict[str, Any], event: EventMessageType) -> str:
    """Return the input of the target: a fixed text, a part of the event, or the event."""
    if "InputTransformer" in target:
        raise NotImplementedError("the sandbox does not transform the input of state machines")
    if "Input" in target:
        return str(target["Input"])
    result: Any = {**event, "time": _time(event)}
    for name in target.get("InputPath", "$").split(".")[1:]:
        result = result[name]
    return json.dumps(result)


def _time(event: EventMessageType) -> str:
    return str(iso_8601_datetime_without_milliseconds(utcfromtimestamp(int(event["time"]))))
