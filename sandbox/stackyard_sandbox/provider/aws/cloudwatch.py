"""CloudWatch alarms and dashboards.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/metricalarm/
and …/dashboard/.
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

TAGS = Tagging("cloudwatch", resource="ResourceARN")
ALARM = Casing(
    names={
        "okActions": "OKActions",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    }
)
PLAIN = (
    "actionsEnabled",
    "alarmActions",
    "alarmDescription",
    "comparisonOperator",
    "datapointsToAlarm",
    "evaluateLowSampleCountPercentiles",
    "evaluationPeriods",
    "extendedStatistic",
    "insufficientDataActions",
    "metricName",
    "namespace",
    "okActions",
    "period",
    "statistic",
    "threshold",
    "thresholdMetricId",
    "treatMissingData",
    "unit",
)


class MetricAlarm(Resource):
    """An alarm; its id is its name."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    takes = ("name", "dimensions", "metricQueries", *PLAIN)
    replaces = frozenset({"name"})
    autoname = Autoname(limit=255)
    defaults = {"actionsEnabled": True, "treatMissingData": "missing"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the alarm."""
        tags = {"Tags": TAGS.api(inputs["tagsAll"])} if inputs.get("tagsAll") else {}
        self._put(aws, inputs, tags)
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the alarm."""
        answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        if not answer:
            return None
        alarm = answer[0]
        plain = {name: alarm.get(ALARM.api_name(name)) or None for name in PLAIN}
        return {
            **plain,
            "name": identity,
            "actionsEnabled": alarm["ActionsEnabled"],
            "threshold": alarm.get("Threshold"),
            "dimensions": _map(alarm.get("Dimensions")) or None,
            "metricQueries": [_query_inputs(one) for one in alarm.get("Metrics") or []] or None,
            "arn": alarm["AlarmArn"],
            "tagsAll": TAGS.read(aws, alarm["AlarmArn"]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the alarm again; change tags."""
        self._put(aws, new, {})
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the alarm."""
        with ignoring_missing("ResourceNotFound"):
            aws.client("cloudwatch").delete_alarms(AlarmNames=[identity])

    def _put(self, aws: Cloud, inputs: Properties, tags: Properties) -> None:
        arguments = ALARM.pick(inputs, *PLAIN)
        if inputs.get("dimensions"):
            arguments["Dimensions"] = _pairs(inputs["dimensions"])
        if inputs.get("metricQueries"):
            arguments["Metrics"] = [_query(one) for one in inputs["metricQueries"]]
        aws.client("cloudwatch").put_metric_alarm(AlarmName=inputs["name"], **arguments, **tags)


class Dashboard(Resource):
    """A dashboard; its id is its name."""

    token = "aws:cloudwatch/dashboard:Dashboard"
    takes = ("dashboardName", "dashboardBody")
    replaces = frozenset({"dashboardName"})
    delete_first = True

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the dashboard; a problem that CloudWatch reports is an error."""
        aws.client("cloudwatch").put_dashboard(
            DashboardName=inputs["dashboardName"], DashboardBody=inputs["dashboardBody"]
        )
        return str(inputs["dashboardName"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the dashboard."""
        call = aws.client("cloudwatch").get_dashboard
        codes = ("ResourceNotFound", "DashboardNotFoundError")
        answer = call_or_none(call, *codes, DashboardName=identity)
        if answer is None:
            return None
        return {
            "dashboardName": identity,
            "dashboardBody": answer["DashboardBody"],
            "dashboardArn": answer["DashboardArn"],
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the dashboard again."""
        self.create(aws, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the dashboard."""
        with ignoring_missing("ResourceNotFound", "DashboardNotFoundError"):
            aws.client("cloudwatch").delete_dashboards(DashboardNames=[identity])


def _pairs(dimensions: Properties) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _map(pairs: Any) -> dict[str, str]:
    return {pair["Name"]: pair["Value"] for pair in pairs or []}


def _query(query: Properties) -> Properties:
    plain = {key: value for key, value in query.items() if key != "metric"}
    result: Properties = ALARM.api(plain)
    if metric := query.get("metric"):
        about = {
            "Namespace": metric.get("namespace"),
            "MetricName": metric["metricName"],
            "Dimensions": _pairs(metric.get("dimensions") or {}),
        }
        stat = {"Period": metric["period"], "Stat": metric["stat"], "Unit": metric.get("unit")}
        result["MetricStat"] = {
            "Metric": {key: value for key, value in about.items() if value is not None},
            **{key: value for key, value in stat.items() if value is not None},
        }
    return result


def _query_inputs(query: Properties) -> Properties:
    plain = {key: value for key, value in query.items() if key != "MetricStat"}
    result: Properties = ALARM.sdk(plain)
    if stat := query.get("MetricStat"):
        result["metric"] = {
            "namespace": stat["Metric"].get("Namespace"),
            "metricName": stat["Metric"]["MetricName"],
            "dimensions": _map(stat["Metric"].get("Dimensions")),
            "period": stat["Period"],
            "stat": stat["Stat"],
            "unit": stat.get("Unit"),
        }
    return result
