"""SQS queues and their policies.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/sqs/queue/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Setting,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue")
NAMES = Casing(
    names={
        "maxMessageSize": "MaximumMessageSize",
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
        "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    }
)
NUMBERS = (
    "delaySeconds",
    "maxMessageSize",
    "messageRetentionSeconds",
    "receiveWaitTimeSeconds",
    "visibilityTimeoutSeconds",
    "kmsDataKeyReusePeriodSeconds",
)
SWITCHES = ("contentBasedDeduplication", "sqsManagedSseEnabled")
TEXTS = ("kmsMasterKeyId", "policy", "redrivePolicy", "redriveAllowPolicy")
ATTRIBUTES = (*NUMBERS, *SWITCHES, *TEXTS)


class Queue(Resource):
    """A queue; its id is its URL."""

    token = "aws:sqs/queue:Queue"
    takes = ("name", "namePrefix", "fifoQueue", *ATTRIBUTES)
    replaces = frozenset({"name", "namePrefix", "fifoQueue"})
    autoname = Autoname(limit=80)
    defaults = {
        "fifoQueue": False,
        "delaySeconds": 0,
        "maxMessageSize": 262144,
        "messageRetentionSeconds": 345600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
    }

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the queue."""
        attributes = _attributes(inputs)
        if inputs["fifoQueue"]:
            attributes["FifoQueue"] = "true"
        answer = aws.client("sqs").create_queue(
            QueueName=inputs["name"], Attributes=attributes, tags=dict(inputs.get("tagsAll") or {})
        )
        return str(answer["QueueUrl"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the queue."""
        client = aws.client("sqs")
        call = client.get_queue_attributes
        answer = call_or_none(call, *MISSING, QueueUrl=identity, AttributeNames=["All"])
        if answer is None:
            return None
        shown = {name: answer["Attributes"].get(NAMES.api_name(name)) for name in ATTRIBUTES}
        numbers = {name: int(shown[name]) for name in NUMBERS if shown[name] is not None}
        return {
            **{name: as_text(shown[name]) for name in TEXTS},
            **{name: shown[name] == "true" for name in SWITCHES if shown[name]},
            **numbers,
            "name": identity.rpartition("/")[2],
            "fifoQueue": answer["Attributes"].get("FifoQueue") == "true",
            "arn": answer["Attributes"]["QueueArn"],
            "url": identity,
            "tagsAll": client.list_queue_tags(QueueUrl=identity).get("Tags", {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Set changed attributes; change tags."""
        client = aws.client("sqs")
        names = [name for name in ATTRIBUTES if changed(old, new, name) and name in new]
        dropped = [name for name in TEXTS[1:] if old.get(name) and name not in new]
        attributes = _attributes({name: new[name] for name in names})
        attributes.update({NAMES.api_name(name): "" for name in dropped if name != "policy"})
        if attributes:
            client.set_queue_attributes(QueueUrl=identity, Attributes=attributes)
        before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
        if gone := sorted(before.keys() - after.keys()):
            client.untag_queue(QueueUrl=identity, TagKeys=gone)
        if after != before and after:
            client.tag_queue(QueueUrl=identity, Tags=dict(after))

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the queue."""
        with ignoring_missing(*MISSING):
            aws.client("sqs").delete_queue(QueueUrl=identity)


class QueuePolicy(Setting):
    """The resource policy of a queue."""

    token = "aws:sqs/queuePolicy:QueuePolicy"
    takes = ("queueUrl", "policy")
    parent = "queueUrl"
    replaces = frozenset({"queueUrl"})

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the policy."""
        aws.client("sqs").set_queue_attributes(
            QueueUrl=parent, Attributes={"Policy": inputs["policy"]}
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy."""
        call = aws.client("sqs").get_queue_attributes
        answer = call_or_none(call, *MISSING, QueueUrl=identity, AttributeNames=["Policy"])
        policy = (answer or {}).get("Attributes", {}).get("Policy")
        return {"queueUrl": identity, "policy": as_text(policy)} if policy else None

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the policy."""
        with ignoring_missing(*MISSING):
            aws.client("sqs").set_queue_attributes(QueueUrl=identity, Attributes={"Policy": ""})


def _attributes(inputs: Properties) -> dict[str, str]:
    texts = {}
    for name in ATTRIBUTES:
        value = inputs.get(name)
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            texts[NAMES.api_name(name)] = text
    return texts
