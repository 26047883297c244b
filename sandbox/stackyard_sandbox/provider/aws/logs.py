"""CloudWatch log groups and metric filters.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/loggroup/
and …/logmetricfilter/.
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
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = "ResourceNotFoundException"
TAGS = Tagging(
    "logs", resource="resourceArn", tags="tags", keys="tagKeys", style="map", listed="tags"
)
TRANSFORMATION = Casing(
    names={"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"},
    maps=frozenset({"dimensions"}),
    lower=True,
)


class LogGroup(Resource):
    """A log group; its id is its name."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    takes = ("name", "namePrefix", "kmsKeyId", "logGroupClass", "retentionInDays", "skipDestroy")
    replaces = frozenset({"name", "namePrefix", "logGroupClass"})
    autoname = Autoname(limit=512)
    defaults = {"skipDestroy": False, "retentionInDays": 0}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the group."""
        arguments = Casing(lower=True).pick(inputs, "kmsKeyId", "logGroupClass")
        tags = {"tags": dict(inputs["tagsAll"])} if inputs.get("tagsAll") else {}
        aws.client("logs").create_log_group(logGroupName=inputs["name"], **arguments, **tags)
        return str(inputs["name"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Set the retention."""
        if inputs["retentionInDays"]:
            aws.client("logs").put_retention_policy(
                logGroupName=identity, retentionInDays=inputs["retentionInDays"]
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the group by its name."""
        groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=identity)["logGroups"]
        group = next((entry for entry in groups if entry["logGroupName"] == identity), None)
        if group is None:
            return None
        arn = aws.arn("logs", f"log-group:{identity}")
        return {
            "name": identity,
            "retentionInDays": group.get("retentionInDays") or 0,
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass"),
            "arn": arn,
            "tagsAll": TAGS.read(aws, arn),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change retention, key and tags."""
        client = aws.client("logs")
        if changed(old, new, "retentionInDays"):
            if new["retentionInDays"]:
                self.finish(aws, identity, new)
            else:
                client.delete_retention_policy(logGroupName=identity)
        if changed(old, new, "kmsKeyId"):
            if new.get("kmsKeyId"):
                client.associate_kms_key(logGroupName=identity, kmsKeyId=new["kmsKeyId"])
            else:
                client.disassociate_kms_key(logGroupName=identity)
        TAGS.update(aws, aws.arn("logs", f"log-group:{identity}"), old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the group, unless `skipDestroy` is set."""
        if not state.get("skipDestroy"):
            with ignoring_missing(MISSING):
                aws.client("logs").delete_log_group(logGroupName=identity)


class LogMetricFilter(Resource):
    """A metric counted from log lines; its id is its name."""

    token = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    takes = ("name", "logGroupName", "pattern", "metricTransformation")
    replaces = frozenset({"name", "logGroupName"})
    autoname = Autoname(limit=512)

    def completed(self, inputs: Properties) -> Properties:
        """Add the unit of the transformation, as the official provider does."""
        made = inputs.get("metricTransformation")
        if not isinstance(made, dict):
            return inputs
        return {**inputs, "metricTransformation": {"unit": "None", **made}}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the filter."""
        made: Properties = TRANSFORMATION.api(inputs["metricTransformation"])
        if "defaultValue" in made:
            made["defaultValue"] = float(made["defaultValue"])
        aws.client("logs").put_metric_filter(
            logGroupName=inputs["logGroupName"],
            filterName=inputs["name"],
            filterPattern=inputs["pattern"],
            metricTransformations=[made],
        )
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the filter by its name."""
        where = {"logGroupName": state["logGroupName"]} if "logGroupName" in state else {}
        call = aws.client("logs").describe_metric_filters
        answer = call_or_none(call, MISSING, filterNamePrefix=identity, **where) or {}
        named = (one for one in answer.get("metricFilters", []) if one["filterName"] == identity)
        entry = next(named, None)
        if entry is None:
            return None
        return {
            "name": identity,
            "logGroupName": entry["logGroupName"],
            "pattern": entry.get("filterPattern", ""),
            "metricTransformation": _transformation(entry["metricTransformations"][0]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the filter again; the emulator keeps the old one beside a new one of its name."""
        self.delete(aws, identity, old)
        self.create(aws, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the filter."""
        with ignoring_missing(MISSING):
            aws.client("logs").delete_metric_filter(
                logGroupName=state["logGroupName"], filterName=identity
            )


def _transformation(made: Any) -> Properties:
    result: Properties = TRANSFORMATION.sdk(made)
    if "defaultValue" in result:
        result["defaultValue"] = f"{result['defaultValue']:g}"
    return result
