"""Runs the actions of alarms, and adds alert managers to Prometheus workspaces.

The emulator stores the actions of an alarm but never runs them, and has no alert manager
definitions. Sources:
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html and
docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateAlertManagerDefinition.html.
"""

import json
from collections.abc import Callable
from typing import Any

from moto.amp import urls
from moto.amp.exceptions import ResourceNotFoundException
from moto.amp.responses import PrometheusServiceResponse
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.sns.models import sns_backends

from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, denied, granted

_ACTIONS = {
    "OK": "ok_actions",
    "ALARM": "alarm_actions",
    "INSUFFICIENT_DATA": "insufficient_data_actions",
}
_PUBLISHER = "cloudwatch.amazonaws.com"
_MEMBER = "stackyard_alert_manager"
"""Attribute of the emulator's workspace, so that the account's snapshot contains it."""

_set_alarm_state = CloudWatchBackend.set_alarm_state


def install() -> None:
    """Run alarms' actions, and serve alert manager definitions."""
    CloudWatchBackend.set_alarm_state = _acting  # type: ignore[method-assign]  # a repair
    for operation, serve in _OPERATIONS.items():
        setattr(PrometheusServiceResponse, f"{operation}_alert_manager_definition", serve)
    path = "{0}/workspaces/(?P<workspace_id>[^/]+)/alertmanager/definition$"
    urls.url_paths[path] = PrometheusServiceResponse.dispatch


def _acting(
    self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str
) -> None:
    alarm = self.alarms.get(alarm_name)
    before = alarm.state_value if alarm else None
    _set_alarm_state(self, alarm_name, reason, reason_data, state_value)
    if alarm is None or before == state_value or not alarm.actions_enabled:
        return
    for action in getattr(alarm, _ACTIONS[state_value]) or []:
        if action.startswith("arn:aws:sns:"):
            _publish(self, alarm, action, {"from": before, "to": state_value, "reason": reason})


def _publish(
    cloud: CloudWatchBackend, alarm: Alarm, topic_arn: str, change: dict[str, Any]
) -> None:
    """Publish as CloudWatch does: only if the topic's policy allows it."""
    backend = sns_backends[cloud.account_id][cloud.region_name]
    topic = backend.topics.get(topic_arn)
    if topic is None:
        return
    facts = {"aws:sourceaccount": cloud.account_id, "aws:sourcearn": alarm.alarm_arn}
    asked = Asked("sns:Publish", topic_arn, frozenset({_PUBLISHER}), cloud.account_id, facts)
    policy = json.loads(topic.policy)
    if denied(asked, [policy]) or "named" not in granted(asked, policy):
        return
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": cloud.account_id,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": change["from"],
        "NewStateValue": change["to"],
        "NewStateReason": change["reason"],
    }
    subject = f'{change["to"]}: "{alarm.name}" in {cloud.region_name}'[:100]
    backend.publish(json.dumps(message), topic_arn, subject=subject)


def _workspace(self: PrometheusServiceResponse) -> Any:
    return self.amp_backend.describe_workspace(self.path.split("/")[-3])


def _create(self: PrometheusServiceResponse) -> str:
    return _put(self)


def _put(self: PrometheusServiceResponse) -> str:
    setattr(_workspace(self), _MEMBER, json.loads(self.body)["data"])
    return json.dumps({"status": {"statusCode": "ACTIVE"}})


def _describe(self: PrometheusServiceResponse) -> str:
    data = getattr(_workspace(self), _MEMBER, None)
    if data is None:
        raise ResourceNotFoundException("no alert manager definition", "", "")
    result = {"data": data, "status": {"statusCode": "ACTIVE"}, "createdAt": 0, "modifiedAt": 0}
    return json.dumps({"alertManagerDefinition": result})


def _delete(self: PrometheusServiceResponse) -> str:
    _describe(self)
    delattr(_workspace(self), _MEMBER)
    return "{}"


_OPERATIONS: dict[str, Callable[[PrometheusServiceResponse], str]] = {
    "create": _create,
    "put": _put,
    "describe": _describe,
    "delete": _delete,
}
