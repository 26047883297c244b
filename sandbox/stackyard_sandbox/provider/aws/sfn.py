"""Step Functions: state machines and activities.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/sfn/statemachine/ and
…/activity/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import LOWER
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties
from stackyard_sandbox.provider.server import ProviderError

TAGS = Tagging(
    "stepfunctions",
    resource="resourceArn",
    tags="tags",
    keys="tagKeys",
    style="lower",
    listed="tags",
)


class StateMachine(Resource):
    """A state machine; its id is its ARN."""

    token = "aws:sfn/stateMachine:StateMachine"
    takes = (
        "name",
        "namePrefix",
        "definition",
        "roleArn",
        "type",
        "loggingConfiguration",
        "tracingConfiguration",
        "encryptionConfiguration",
    )
    replaces = frozenset({"name", "namePrefix", "type"})
    autoname = Autoname(limit=80)
    defaults = {"type": "STANDARD"}
    asks_while_planned = True

    def planned(self, aws: Cloud, inputs: Properties) -> None:
        """Validate a definition if it is known, as the official provider does since 5.67.

        https://github.com/hashicorp/terraform-provider-aws/issues/39229
        """
        definition, kind = inputs.get("definition"), inputs["type"]
        if isinstance(definition, str):
            answer = aws.client("stepfunctions").validate_state_machine_definition(
                definition=definition, type=kind
            )
            if answer["result"] != "OK":
                raise ProviderError(f"definition: {answer['diagnostics'][0]['message']}")

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the machine."""
        answer = aws.client("stepfunctions").create_state_machine(
            name=inputs["name"],
            type=inputs["type"],
            tags=TAGS.api(inputs.get("tagsAll")),
            **_settings(inputs),
        )
        return str(answer["stateMachineArn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the machine."""
        call = aws.client("stepfunctions").describe_state_machine
        answer = call_or_none(call, "StateMachineDoesNotExist", stateMachineArn=identity)
        if answer is None or answer["status"] == "DELETING":
            return None
        logging = dict(answer.get("loggingConfiguration") or {})
        if destinations := logging.pop("destinations", None):
            logging["logDestination"] = destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"]
        return {
            "name": answer["name"],
            "definition": answer["definition"],
            "roleArn": answer["roleArn"],
            "type": answer.get("type", "STANDARD"),
            "loggingConfiguration": logging or None,
            "tracingConfiguration": answer.get("tracingConfiguration") or None,
            "encryptionConfiguration": answer.get("encryptionConfiguration") or None,
            "status": answer["status"],
            "creationDate": answer["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "arn": identity,
            "tagsAll": TAGS.read(aws, identity),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the definition and its settings; change tags."""
        if changed(old, new, *self.takes):
            aws.client("stepfunctions").update_state_machine(
                stateMachineArn=identity, **_settings(new)
            )
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the machine."""
        with ignoring_missing("StateMachineDoesNotExist"):
            aws.client("stepfunctions").delete_state_machine(stateMachineArn=identity)


class Activity(Resource):
    """A step whose work an external worker polls for; its id is its ARN."""

    token = "aws:sfn/activity:Activity"
    takes = ("name", "encryptionConfiguration")
    replaces = frozenset({"name", "encryptionConfiguration"})
    autoname = Autoname(limit=80)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the activity."""
        answer = aws.client("stepfunctions").create_activity(
            tags=TAGS.api(inputs.get("tagsAll")),
            **LOWER.pick(inputs, "name", "encryptionConfiguration"),
        )
        return str(answer["activityArn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the activity."""
        call = aws.client("stepfunctions").describe_activity
        answer = call_or_none(call, "ActivityDoesNotExist", activityArn=identity)
        if answer is None:
            return None
        return {
            "name": answer["name"],
            "encryptionConfiguration": answer.get("encryptionConfiguration") or None,
            "creationDate": answer["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "arn": identity,
            "tagsAll": TAGS.read(aws, identity),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the activity."""
        with ignoring_missing("ActivityDoesNotExist"):
            aws.client("stepfunctions").delete_activity(activityArn=identity)


def _settings(inputs: Properties) -> Properties:
    settings = LOWER.pick(
        inputs, "definition", "roleArn", "tracingConfiguration", "encryptionConfiguration"
    )
    if logging := dict(inputs.get("loggingConfiguration") or {}):
        if destination := logging.pop("logDestination", None):
            group = {"logGroupArn": destination}
            logging["destinations"] = [{"cloudWatchLogsLogGroup": group}]
        settings["loggingConfiguration"] = logging
    return settings
