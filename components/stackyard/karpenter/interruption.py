"""The SQS queue of AWS's interruption warnings, which Karpenter reads.

Source: https://karpenter.sh/docs/reference/cloudformation/#interruption-handling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.config import Config
from stackyard.naming import StackId, fitted

EVENTS: Mapping[str, tuple[str, str]] = {
    "health": ("aws.health", "AWS Health Event"),
    "spot": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state": ("aws.ec2", "EC2 Instance State-change Notification"),
    "reservation": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}
"""Source and type of the events, by the fixed name of their rule."""

KEEP_SECONDS = 300
"""An older warning is of no use: a spot instance is gone two minutes after it."""


class Interruptions(Component):
    """The queue of interruption events, and the rules that fill it."""

    TYPE: ClassVar[str] = "stackyard:index:Interruptions"

    queue_name: pulumi.Output[str]
    """The queue."""

    queue_arn: pulumi.Output[str]
    """The queue's ARN."""

    def __init__(
        self, name: str, *, stack: StackId, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Wiring: the stack, whose name the queue has."""
        super().__init__(name, Config(), opts=opts)
        prefix = f"{stack.slug}-interruptions"
        queue = aws.sqs.Queue(
            self.named("queue"),
            name=fitted(prefix, 80),
            message_retention_seconds=KEEP_SECONDS,
            sqs_managed_sse_enabled=True,
            opts=self.child(),
        )
        aws.sqs.QueuePolicy(
            self.named("policy"),
            queue_url=queue.url,
            policy=queue.arn.apply(lambda arn: iam.text(queue_policy(arn))),
            opts=self.child(),
        )
        for key, (source, detail) in EVENTS.items():
            rule = aws.cloudwatch.EventRule(
                self.named(key),
                name=fitted(f"{prefix}-{key}", 64),
                description=f"{detail} for Karpenter",
                event_pattern=iam.text({"source": [source], "detail-type": [detail]}),
                opts=self.child(),
            )
            aws.cloudwatch.EventTarget(
                self.named(f"{key}-target"),
                rule=rule.name,
                target_id="karpenter",
                arn=queue.arn,
                opts=self.child(),
            )
        self.queue_name, self.queue_arn = queue.name, queue.arn
        self.publish()


def queue_policy(arn: str) -> dict[str, Any]:
    """Return the queue's policy: EventBridge may send, and nobody without TLS."""
    return iam.document(
        iam.statement(
            "Events",
            ("sqs:SendMessage",),
            (arn,),
            principals={"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]},
        ),
        iam.statement(
            "OnlyTls",
            ("sqs:*",),
            (arn,),
            effect="Deny",
            principals="*",
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )
