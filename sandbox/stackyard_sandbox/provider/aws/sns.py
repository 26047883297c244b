"""SNS topics, their policies and subscriptions.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/sns/topic/ and
…/topicsubscription/.
"""

from __future__ import annotations

import json

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Setting,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = ("NotFound", "NotFoundException")
TAGS = Tagging("sns")
NAMES = Casing()
ATTRIBUTES = (
    "displayName",
    "kmsMasterKeyId",
    "policy",
    "deliveryPolicy",
    "signatureVersion",
    "tracingConfig",
    "contentBasedDeduplication",
)
SUBSCRIPTION = (
    "rawMessageDelivery",
    "filterPolicy",
    "filterPolicyScope",
    "redrivePolicy",
    "deliveryPolicy",
    "subscriptionRoleArn",
)


class Topic(Resource):
    """A topic; its id is its ARN."""

    token = "aws:sns/topic:Topic"
    takes = ("name", "namePrefix", "fifoTopic", *ATTRIBUTES)
    replaces = frozenset({"name", "namePrefix", "fifoTopic"})
    autoname = Autoname(limit=256)
    defaults = {"fifoTopic": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the topic."""
        attributes = {name: _text(inputs[name]) for name in ATTRIBUTES if inputs.get(name)}
        if inputs["fifoTopic"]:
            attributes["fifoTopic"] = "true"
        answer = aws.client("sns").create_topic(
            Name=inputs["name"],
            Attributes=NAMES.api(attributes),
            Tags=TAGS.api(inputs.get("tagsAll")),
        )
        return str(answer["TopicArn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the topic."""
        answer = call_or_none(aws.client("sns").get_topic_attributes, *MISSING, TopicArn=identity)
        if answer is None:
            return None
        attributes = answer["Attributes"]
        actual = {name: attributes.get(NAMES.api_name(name)) or None for name in ATTRIBUTES}
        switch = actual["contentBasedDeduplication"]
        version = actual["signatureVersion"]
        return {
            **actual,
            "signatureVersion": int(version) if version else None,
            "contentBasedDeduplication": switch == "true" if switch else None,
            "policy": as_text(actual["policy"]),
            "name": identity.rpartition(":")[2],
            "fifoTopic": attributes.get("FifoTopic") == "true",
            "arn": identity,
            "owner": attributes.get("Owner"),
            "tagsAll": TAGS.read(aws, identity),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Set each changed attribute; change tags."""
        for name in ATTRIBUTES:
            if changed(old, new, name) and (name in new or name != "policy"):
                aws.client("sns").set_topic_attributes(
                    TopicArn=identity,
                    AttributeName=NAMES.api_name(name),
                    AttributeValue=_text(new.get(name)),
                )
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the topic."""
        with ignoring_missing(*MISSING):
            aws.client("sns").delete_topic(TopicArn=identity)


class TopicPolicy(Setting):
    """The resource policy of a topic."""

    token = "aws:sns/topicPolicy:TopicPolicy"
    takes = ("arn", "policy")
    parent = "arn"
    replaces = frozenset({"arn"})

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the policy."""
        aws.client("sns").set_topic_attributes(
            TopicArn=parent, AttributeName="Policy", AttributeValue=inputs["policy"]
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy; each topic has one."""
        answer = call_or_none(aws.client("sns").get_topic_attributes, *MISSING, TopicArn=identity)
        if answer is None or not answer["Attributes"].get("Policy"):
            return None
        return {
            "arn": identity,
            "policy": as_text(answer["Attributes"]["Policy"]),
            "owner": answer["Attributes"].get("Owner"),
        }

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Restore the default policy of a topic: its owner may use it."""
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes"],
            "Resource": identity,
            "Condition": {"StringEquals": {"AWS:SourceOwner": aws.account}},
        }
        document = {"Version": "2008-10-17", "Statement": [statement]}
        with ignoring_missing(*MISSING):
            self.put(aws, identity, {"policy": json.dumps(document)})


class TopicSubscription(Resource):
    """A receiver of a topic's messages; its id is its ARN."""

    token = "aws:sns/topicSubscription:TopicSubscription"
    takes = ("topic", "protocol", "endpoint", "endpointAutoConfirms", *SUBSCRIPTION)
    replaces = frozenset({"topic", "protocol", "endpoint"})
    defaults = {"rawMessageDelivery": False, "endpointAutoConfirms": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Subscribe."""
        attributes = {name: _text(inputs[name]) for name in SUBSCRIPTION if inputs.get(name)}
        answer = aws.client("sns").subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes=NAMES.api(attributes),
            ReturnSubscriptionArn=True,
        )
        return str(answer["SubscriptionArn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the subscription."""
        call = aws.client("sns").get_subscription_attributes
        answer = call_or_none(call, *MISSING, SubscriptionArn=identity)
        if answer is None:
            return None
        attributes = answer["Attributes"]
        actual = {name: attributes.get(NAMES.api_name(name)) or None for name in SUBSCRIPTION}
        return {
            **actual,
            "rawMessageDelivery": attributes.get("RawMessageDelivery") == "true",
            "topic": attributes["TopicArn"],
            "protocol": attributes["Protocol"],
            "endpoint": attributes["Endpoint"],
            "arn": identity,
            "ownerId": attributes.get("Owner"),
            "pendingConfirmation": attributes.get("PendingConfirmation") == "true",
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Set each changed attribute."""
        for name in SUBSCRIPTION:
            if changed(old, new, name):
                aws.client("sns").set_subscription_attributes(
                    SubscriptionArn=identity,
                    AttributeName=NAMES.api_name(name),
                    AttributeValue=_text(new.get(name)),
                )

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Unsubscribe."""
        with ignoring_missing(*MISSING):
            aws.client("sns").unsubscribe(SubscriptionArn=identity)


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
