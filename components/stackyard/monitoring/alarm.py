"""One CloudWatch alarm, from its description."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from stackyard.monitoring.alert import Alarm
from stackyard.monitoring.log_metrics import metric_namespace
from stackyard.naming import StackId


def alarm_name(stack: StackId, alarm: Alarm) -> str:
    """Return an alarm's name; topic policies match its prefix, which is the stack."""
    return f"{stack.slug}-{alarm.name}"


def make_alarm(
    logical_name: str,
    alarm: Alarm,
    stack: StackId,
    topic_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.MetricAlarm:
    """Create an alarm that notifies the topic when it starts and when it ends."""
    return aws.cloudwatch.MetricAlarm(
        logical_name,
        name=alarm_name(stack, alarm),
        alarm_description=f"{alarm.summary}. {alarm.runbook}",
        comparison_operator=alarm.comparison,
        evaluation_periods=1,
        threshold=alarm.threshold,
        treat_missing_data=alarm.silence_is,
        metric_queries=_queries(alarm, metric_namespace(stack)),
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=opts,
    )


def _queries(alarm: Alarm, namespace: str) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """Return the metrics, and the expression over them if there is one; ids start in lower case."""
    queries = [
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=metric[0].lower() + metric[1:],
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=namespace,
                metric_name=metric,
                period=alarm.period_seconds,
                stat=alarm.statistic,
            ),
            return_data=alarm.expression is None,
        )
        for metric in alarm.metrics
    ]
    if alarm.expression is None:
        return queries
    result = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="result", expression=alarm.expression, label=alarm.summary, return_data=True
    )
    return [*queries, result]
