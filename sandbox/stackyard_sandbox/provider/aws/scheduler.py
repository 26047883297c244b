"""EventBridge Scheduler: schedules and their groups.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/scheduler/schedule/
and …/schedulegroup/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import PASCAL
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = "ResourceNotFoundException"
TAGS = Tagging("scheduler")
RETRIES = {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185}
"""The service's default,
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html."""

SETTINGS = (
    "name",
    "groupName",
    "description",
    "scheduleExpression",
    "scheduleExpressionTimezone",
    "flexibleTimeWindow",
    "target",
    "state",
    "startDate",
    "endDate",
    "kmsKeyArn",
)


class Schedule(Resource):
    """The times at which a target is called; its id is `group/name`."""

    token = "aws:scheduler/schedule:Schedule"
    takes = ("namePrefix", *SETTINGS)
    replaces = frozenset({"name", "namePrefix", "groupName"})
    autoname = Autoname(limit=64)
    defaults = {
        "groupName": "default",
        "scheduleExpressionTimezone": "UTC",
        "state": "ENABLED",
    }

    def completed(self, inputs: Properties) -> Properties:
        """Add the service's default retries of the target."""
        target = inputs.get("target")
        if not isinstance(target, dict):
            return inputs
        retries = target.get("retryPolicy") or {}
        full = {**RETRIES, **retries} if isinstance(retries, dict) else retries
        return {**inputs, "target": {**target, "retryPolicy": full}}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the schedule."""
        aws.client("scheduler").create_schedule(**PASCAL.pick(inputs, *SETTINGS))
        return f"{inputs['groupName']}/{inputs['name']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the schedule."""
        group, _, name = identity.partition("/")
        call = aws.client("scheduler").get_schedule
        answer = call_or_none(call, MISSING, GroupName=group, Name=name)
        if answer is None:
            return None
        members = [PASCAL.api_name(key) for key in SETTINGS]
        shown = PASCAL.sdk({member: answer.get(member) for member in members})
        for key in ("startDate", "endDate"):
            if key in shown:
                shown[key] = shown[key].strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"description": None, "kmsKeyArn": None, **shown, "arn": answer["Arn"]}

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the schedule again."""
        aws.client("scheduler").update_schedule(**PASCAL.pick(new, *SETTINGS))

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the schedule."""
        group, _, name = identity.partition("/")
        with ignoring_missing(MISSING):
            aws.client("scheduler").delete_schedule(GroupName=group, Name=name)


class ScheduleGroup(Resource):
    """A group of schedules; its id is its name."""

    token = "aws:scheduler/scheduleGroup:ScheduleGroup"
    takes = ("name", "namePrefix")
    replaces = frozenset({"name", "namePrefix"})
    autoname = Autoname(limit=64)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the group."""
        aws.client("scheduler").create_schedule_group(
            Name=inputs["name"], Tags=TAGS.api(inputs.get("tagsAll"))
        )
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the group."""
        answer = call_or_none(aws.client("scheduler").get_schedule_group, MISSING, Name=identity)
        if answer is None:
            return None
        return {
            "name": identity,
            "arn": answer["Arn"],
            "state": answer.get("State"),
            "tagsAll": TAGS.read(aws, answer["Arn"]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the group."""
        client = aws.client("scheduler")
        if call_or_none(client.get_schedule_group, MISSING, Name=identity) is not None:
            client.delete_schedule_group(Name=identity)
