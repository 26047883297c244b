"""EventBridge rules and their targets.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/eventrule/
and …/eventtarget/.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
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
TAGS = Tagging("events", resource="ResourceARN")
RULE = Casing()
TARGET = Casing(
    names={
        "inputPaths": "InputPathsMap",
        "sqsTarget": "SqsParameters",
        "httpTarget": "HttpParameters",
        "kinesisTarget": "KinesisParameters",
    },
    maps=frozenset({"inputPaths"}),
)
SETTINGS = (
    "arn",
    "roleArn",
    "input",
    "inputPath",
    "inputTransformer",
    "deadLetterConfig",
    "retryPolicy",
    "sqsTarget",
)


class EventRule(Resource):
    """An event pattern or a schedule; its id is its name, after the bus if that is not default."""

    token = "aws:cloudwatch/eventRule:EventRule"
    takes = (
        "name",
        "namePrefix",
        "description",
        "eventBusName",
        "eventPattern",
        "scheduleExpression",
        "roleArn",
        "state",
        "forceDestroy",
    )
    replaces = frozenset({"name", "namePrefix", "eventBusName"})
    autoname = Autoname(limit=64)
    defaults = {"eventBusName": "default", "state": "ENABLED", "forceDestroy": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the rule."""
        self._put(aws, inputs, {"Tags": TAGS.api(inputs.get("tagsAll"))})
        return _rule_id(inputs["eventBusName"], inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the rule."""
        bus, name = _bus_and_name(identity)
        answer = call_or_none(
            aws.client("events").describe_rule, MISSING, Name=name, EventBusName=bus
        )
        if answer is None:
            return None
        return {
            "name": name,
            "eventBusName": bus,
            "description": answer.get("Description") or None,
            "eventPattern": answer.get("EventPattern") or None,
            "scheduleExpression": answer.get("ScheduleExpression") or None,
            "roleArn": answer.get("RoleArn") or None,
            "state": answer["State"],
            "arn": answer["Arn"],
            "tagsAll": TAGS.read(aws, answer["Arn"]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the rule again; change tags."""
        self._put(aws, new, {})
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the rule, with its targets if `forceDestroy` is set."""
        bus, name = _bus_and_name(identity)
        client = aws.client("events")
        with ignoring_missing(MISSING):
            if state.get("forceDestroy"):
                answer = client.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
                if answer:
                    ids = [target["Id"] for target in answer]
                    client.remove_targets(Rule=name, EventBusName=bus, Ids=ids)
            client.delete_rule(Name=name, EventBusName=bus)

    def _put(self, aws: Cloud, inputs: Properties, tags: Properties) -> None:
        names = [name for name in self.takes if name not in ("namePrefix", "forceDestroy")]
        aws.client("events").put_rule(**RULE.pick(inputs, *names), **tags)


class EventTarget(Resource):
    """The target of an EventBridge rule; its id is `rule-target`."""

    token = "aws:cloudwatch/eventTarget:EventTarget"
    takes = ("rule", "eventBusName", "targetId", "forceDestroy", *SETTINGS)
    replaces = frozenset({"rule", "eventBusName", "targetId"})
    autoname = Autoname("targetId", limit=64)
    defaults = {"eventBusName": "default", "forceDestroy": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the target."""
        target = {"Id": inputs["targetId"], **TARGET.pick(inputs, *SETTINGS)}
        aws.client("events").put_targets(
            Rule=_rule_name(inputs), EventBusName=inputs["eventBusName"], Targets=[target]
        )
        return f"{_rule_name(inputs)}-{inputs['targetId']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the target of its rule; the id of an import is `bus/rule/target`."""
        if "rule" not in state:
            bus, rule, target = identity.split("/")
            state = {"eventBusName": bus, "rule": rule, "targetId": target}
        answer = call_or_none(
            aws.client("events").list_targets_by_rule,
            MISSING,
            Rule=_rule_name(state),
            EventBusName=state["eventBusName"],
        )
        for target in (answer or {}).get("Targets", []):
            if target["Id"] == state["targetId"]:
                settings: Any = {name: target.get(TARGET.api_name(name)) for name in SETTINGS}
                return {
                    "rule": state["rule"],
                    "eventBusName": state["eventBusName"],
                    "targetId": target["Id"],
                    **{name: TARGET.sdk(value) for name, value in settings.items()},
                }
        return None

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the target again."""
        self.create(aws, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the target."""
        with ignoring_missing(MISSING):
            aws.client("events").remove_targets(
                Rule=_rule_name(state),
                EventBusName=state["eventBusName"],
                Ids=[state["targetId"]],
            )


def _rule_id(bus: str, name: str) -> str:
    return name if bus == "default" else f"{bus}/{name}"


def _bus_and_name(identity: str) -> tuple[str, str]:
    bus, _, name = identity.rpartition("/")
    return bus or "default", name


def _rule_name(inputs: Properties) -> str:
    """Return the rule's name; a program may pass its id, which for other buses has the bus."""
    return str(inputs["rule"]).rpartition("/")[2]
