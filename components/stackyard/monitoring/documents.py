"""IAM policies of topics, dashboards and the metrics collector, as plain data."""

from __future__ import annotations

from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation
from stackyard.monitoring.config import Audience
from stackyard.monitoring.log_metrics import log_group
from stackyard.naming import StackId


def topic_name(stack: StackId, audience: Audience) -> str:
    """Return the name of an audience's topic."""
    return f"{stack.slug}-{audience}"


def dashboard_name(stack: StackId, audience: Audience) -> str:
    """Return the name of an audience's dashboard."""
    return f"{stack.slug}-{audience}"


def topic_policy(topic_arn: str, *, stack: StackId, account: str, region: str) -> dict[str, Any]:
    """Return the topic's policy: only AWS services publish, for this stack's own alarms.

    It names no other principal, so only the account's administrators can subscribe or publish.
    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html.
    """
    of_account = {"aws:SourceAccount": account}
    location = AwsLocation(account, region)
    sources = {
        "cloudwatch": location.arn("cloudwatch", f"alarm:{stack.slug}-*"),
        "aps": location.arn("aps", "workspace/*"),
        "budgets": location.global_arn("budgets", "*"),
    }
    return iam.document(
        *(
            iam.statement(
                f"PublishFrom{service.capitalize()}",
                ("sns:Publish", "sns:GetTopicAttributes") if service == "aps" else ("sns:Publish",),
                (topic_arn,),
                principals={"Service": f"{service}.amazonaws.com"},
                conditions={"StringEquals": of_account, "ArnLike": {"aws:SourceArn": source}},
            )
            for service, source in sources.items()
        )
    )


def reading(stack: StackId, audience: Audience, *, account: str, region: str) -> dict[str, Any]:
    """Return the policy that allows an audience to read only its own dashboard and logs.

    An alarm widget shows the alarms that its reader may describe. The console lists log groups, and
    that permission is for all names or for none.
    Metrics are not separated by project: CloudWatch has no resource-level permission for reading
    metrics, so a reader of one dashboard can also query the metrics of another by name. Source:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html.
    """
    location = AwsLocation(account, region)
    dashboard = location.global_arn("cloudwatch", f"dashboard/{dashboard_name(stack, audience)}")
    alarms = location.arn("cloudwatch", f"alarm:{stack.slug}-*")
    group = location.arn("logs", f"log-group:{log_group(stack, audience)}")
    return iam.document(
        iam.statement("OpenDashboard", ("cloudwatch:GetDashboard",), (dashboard,)),
        iam.statement("ReadNumbers", ("cloudwatch:GetMetricData",), ("*",)),
        iam.statement("ShowAlarms", ("cloudwatch:DescribeAlarms",), (alarms,)),
        iam.statement("ListLogs", ("logs:DescribeLogGroups",), ("*",)),
        iam.statement(
            "ReadLogs",
            ("logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"),
            (group, f"{group}:*"),
        ),
        iam.statement("ReadAnswers", ("logs:GetQueryResults",), ("*",)),
    )


def send_metrics(workspace_arn: str) -> dict[str, Any]:
    """Return the policy that allows the collector to write to the project's workspace."""
    return iam.document(iam.statement("SendMetrics", ("aps:RemoteWrite",), (workspace_arn,)))
