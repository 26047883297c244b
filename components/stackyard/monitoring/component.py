"""The monitoring of a project: topics, log groups, alarms, dashboards, and their readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.monitoring import dashboards, documents, log_metrics
from stackyard.monitoring.alarm import make_alarm
from stackyard.monitoring.alerts import alarms
from stackyard.monitoring.config import READERS, Audience, MonitoringConfig
from stackyard.monitoring.spending import make_budget
from stackyard.references import StackContext
from stackyard.retention.plan import log_days


class Monitoring(Component):
    """Topics, logs, alarms and dashboards of each audience; audiences share none of them."""

    TYPE: ClassVar[str] = "stackyard:index:Monitoring"

    topic_arns: dict[str, pulumi.Output[str]]
    """Topic ARN by audience; known once services may publish to it."""

    def __init__(
        self,
        name: str,
        config: MonitoringConfig,
        *,
        context: StackContext,
        role_arns: Mapping[str, pulumi.Input[str]],
        monthly_limit: int | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, and role ARNs by access audience.

        `monthly_limit` is the stack's budget in US dollars.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._context, self._stack = config, context, context.stack
        self._monthly_limit = monthly_limit
        self.topic_arns = {who: self._make_topic(who) for who in config.subscribers}
        groups = {who: self._make_log_group(who) for who in config.subscribers}
        self._count(groups)
        alarm_arns = self._make_alarms()
        for who in config.subscribers:
            self._make_dashboard(who, alarm_arns.get(who, []))
            self._grant_reading(who, role_arns[READERS[who]])
        if monthly_limit:
            # Business is notified, or dev where there is none.
            topic = self.topic_arns.get("business", self.topic_arns["dev"])
            make_budget(self, stack=self._stack, limit=monthly_limit, topic_arn=topic)
        self.publish()

    def _make_topic(self, who: Audience) -> pulumi.Output[str]:
        topic = aws.sns.Topic(
            self.named(f"{who}-topic"),
            name=documents.topic_name(self._stack, who),
            kms_master_key_id=self._context.key_arns["logs"],
            opts=self.child(),
        )
        policy = aws.sns.TopicPolicy(
            self.named(f"{who}-topic-policy"),
            arn=topic.arn,
            policy=topic.arn.apply(
                lambda arn: iam.text(
                    documents.topic_policy(
                        arn,
                        stack=self._stack,
                        account=self._context.account,
                        region=self._context.region,
                    )
                )
            ),
            opts=self.child(),
        )
        for person in self._config.subscribers[who]:
            aws.sns.TopicSubscription(
                self.named(f"{who}-{person.replace('@', '-at-')}"),
                topic=topic.arn,
                protocol="email",
                endpoint=person,
                opts=self.child(),
            )
        return policy.arn

    def _make_log_group(self, who: Audience) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self.named(f"{who}-logs"),
            name=log_metrics.log_group(self._stack, who),
            kms_key_id=self._context.key_arns["logs"],
            retention_in_days=log_days(self._context.retention.logs),
            opts=self.child(),
        )

    def _count(self, groups: Mapping[Audience, aws.cloudwatch.LogGroup]) -> None:
        for metric in log_metrics.LOG_METRICS:
            if metric.audience not in groups:
                continue
            aws.cloudwatch.LogMetricFilter(
                self.named(f"count-{metric.name}"),
                name=metric.name,
                log_group_name=groups[metric.audience].name,
                pattern=metric.pattern,
                metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                    name=metric.name,
                    namespace=log_metrics.metric_namespace(self._stack),
                    value=metric.value,
                    unit=metric.unit,
                    dimensions=dict(metric.dimensions) or None,
                ),
                opts=self.child(),
            )

    def _make_alarms(self) -> dict[Audience, list[pulumi.Output[str]]]:
        """Create the alarms and return their ARNs by audience."""
        arns: dict[Audience, list[pulumi.Output[str]]] = {}
        for alarm in alarms(self._config.thresholds, list(self._config.subscribers)):
            made = make_alarm(
                self.named(alarm.name),
                alarm,
                self._stack,
                self.topic_arns[alarm.audience],
                self.child(),
            )
            arns.setdefault(alarm.audience, []).append(made.arn)
        return arns

    def _make_dashboard(self, who: Audience, alarm_arns: Sequence[pulumi.Output[str]]) -> None:
        canvas = dashboards.Canvas(log_metrics.metric_namespace(self._stack), self._context.region)
        title = f"{self._stack}: {who}"
        about = dashboards.about(who, self._config, self._monthly_limit)
        aws.cloudwatch.Dashboard(
            self.named(f"{who}-dashboard"),
            dashboard_name=documents.dashboard_name(self._stack, who),
            dashboard_body=pulumi.Output.all(*alarm_arns).apply(
                lambda arns: dashboards.dashboard(who, title, canvas, arns, about)
            ),
            opts=self.child(),
        )

    def _grant_reading(self, who: Audience, role_arn: pulumi.Input[str]) -> None:
        policy = documents.reading(
            self._stack,
            who,
            account=self._context.account,
            region=self._context.region,
        )
        aws.iam.RolePolicy(
            self.named(f"{who}-reading"),
            name="monitoring",
            role=pulumi.Output.from_input(role_arn).apply(lambda arn: arn.rpartition("/")[2]),
            policy=iam.text(policy),
            opts=self.child(),
        )
