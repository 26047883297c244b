"""The audit trail of a stage's account, and alarms on security events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import BucketRef
from stackyard.monitoring import documents
from stackyard.monitoring.audit_events import (
    KEY_OPENED,
    AuditEvent,
    audit_events,
    opened_by_others,
)
from stackyard.monitoring.log_metrics import metric_namespace
from stackyard.monitoring.spending import make_budget
from stackyard.naming import bucket_name, role_name
from stackyard.references import StackContext
from stackyard.retention.config import LogLifetimeConfig
from stackyard.retention.plan import log_days

SERVICE = "cloudtrail.amazonaws.com"


class AuditTrail(Component):
    """CloudTrail in every region, with the retention of logs, and alarms on security events.

    An alarm follows every use of an emergency role (the break-glass role of the vault and the
    foundation's `admins`), and every decryption of secrets or personal data by a principal that is
    not one of the stage's own roles. The same topic receives the notifications of the budget.
    """

    TYPE: ClassVar[str] = "stackyard:index:AuditTrail"

    topic_arn: pulumi.Output[str]
    """ARN of the topic; known once alarms may publish to it."""

    def __init__(
        self,
        name: str,
        config: LogLifetimeConfig,
        *,
        context: StackContext,
        emergency_roles: Sequence[str],
        owner: str,
        monthly_limit: int | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, ARNs of emergency roles, and the email address for alarms.

        `monthly_limit` is the stack's budget in US dollars.
        """
        super().__init__(name, config, opts=opts)
        self._stack, self._account, self._region = context.stack, context.account, context.region
        self._location, self._key_arn = context.location, context.key_arns["logs"]
        group = aws.cloudwatch.LogGroup(
            self.named("log-group"),
            name=f"/stackyard/{context.stack}/audit",
            kms_key_id=self._key_arn,
            retention_in_days=log_days(config),
            opts=self.child(),
        )
        self._make_trail(config, group)
        self.topic_arn = self._make_topic(owner)
        for event in audit_events(emergency_roles):
            self._make_alarm(event, group, event.patterns)
        guarded = [context.key_arns[purpose] for purpose in ("secrets", "personal")]
        opened = pulumi.Output.all(*guarded).apply(
            lambda arns: opened_by_others(arns, location=self._location, stage=self._stack.stage)
        )
        self._make_alarm(KEY_OPENED, group, [opened])
        if monthly_limit:
            topic = self.topic_arn
            make_budget(self, stack=self._stack, limit=monthly_limit, topic_arn=topic)
        self.publish()

    def _make_trail(self, config: LogLifetimeConfig, group: aws.cloudwatch.LogGroup) -> None:
        trail = f"{self._stack.slug}-audit"
        trail_arn = self._location.arn("cloudtrail", f"trail/{trail}")
        bucket = BucketRef(bucket_name(self._stack, self._account, "audit"), self._region)
        records = PrivateBucket(
            self.named("records"),
            config,
            bucket=bucket,
            kind="logs",
            key_arn=self._key_arn,
            log_bucket=None,
            statements=trail_delivery(bucket.arn, self._account, trail_arn),
            opts=self.child(),
        )
        role, granted = self._make_writer(group)
        aws.cloudtrail.Trail(
            self.named("trail"),
            name=trail,
            s3_bucket_name=records.bucket_id,
            kms_key_id=self._key_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_group_arn=group.arn.apply(lambda arn: f"{arn}:*"),
            cloud_watch_logs_role_arn=role.arn,
            opts=self.child(depends_on=[granted]),
        )

    def _make_writer(
        self, group: aws.cloudwatch.LogGroup
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        """Create CloudTrail's role; its trust has no condition on source account or ARN.

        CloudTrail sends neither when it assumes the role. Source:
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html.
        """
        trust = iam.assumable_by({"Service": SERVICE})
        role = aws.iam.Role(
            self.named("role"),
            name=role_name(self._stack, "audit"),
            description="CloudTrail writes to its log group",
            assume_role_policy=iam.text(trust),
            opts=self.child(),
        )
        actions = ("logs:CreateLogStream", "logs:PutLogEvents")
        policy = group.arn.apply(
            lambda arn: iam.text(iam.document(iam.statement("WriteRecords", actions, [f"{arn}:*"])))
        )
        granted = aws.iam.RolePolicy(
            self.named("role-policy"),
            name="write",
            role=role.name,
            policy=policy,
            opts=self.child(),
        )
        return role, granted

    def _make_topic(self, owner: str) -> pulumi.Output[str]:
        topic = aws.sns.Topic(
            self.named("topic"),
            name=f"{self._stack.slug}-security",
            kms_master_key_id=self._key_arn,
            opts=self.child(),
        )
        stack, account, region = self._stack, self._account, self._region
        policy = aws.sns.TopicPolicy(
            self.named("topic-policy"),
            arn=topic.arn,
            policy=topic.arn.apply(
                lambda arn: iam.text(
                    documents.topic_policy(arn, stack=stack, account=account, region=region)
                )
            ),
            opts=self.child(),
        )
        aws.sns.TopicSubscription(
            self.named("owner"),
            topic=topic.arn,
            protocol="email",
            endpoint=owner,
            opts=self.child(),
        )
        return policy.arn

    def _make_alarm(
        self,
        event: AuditEvent,
        group: aws.cloudwatch.LogGroup,
        patterns: Sequence[pulumi.Input[str]],
    ) -> None:
        namespace = metric_namespace(self._stack)
        for number, pattern in enumerate(patterns, start=1):
            part = "" if number == 1 else f"-{number}"
            aws.cloudwatch.LogMetricFilter(
                self.named(f"count-{event.name}{part}"),
                name=f"{event.metric}{part}",
                log_group_name=group.name,
                pattern=pattern,
                metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                    name=event.metric, namespace=namespace, value="1", unit="Count"
                ),
                opts=self.child(),
            )
        aws.cloudwatch.MetricAlarm(
            self.named(event.name),
            name=f"{self._stack.slug}-{event.name}",
            alarm_description=f"{event.summary}. {event.runbook}",
            namespace=namespace,
            metric_name=event.metric,
            statistic="Sum",
            period=60,
            evaluation_periods=1,
            threshold=0,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
            opts=self.child(),
        )


def trail_delivery(arn: str, account: str, trail_arn: str) -> list[iam.Statement]:
    """Return the statements that allow one trail to write its records to the bucket `arn`.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html.
    """
    who = {"Service": SERVICE}
    own = {"StringEquals": {"aws:SourceArn": trail_arn}}
    return [
        iam.statement(
            "CheckForTrail", ("s3:GetBucketAcl",), (arn,), principals=who, conditions=own
        ),
        iam.statement(
            "WriteTrail",
            ("s3:PutObject",),
            (f"{arn}/AWSLogs/{account}/*",),
            principals=who,
            conditions=own,
        ),
    ]
