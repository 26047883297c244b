"""Drift by kind: what an autoscaler writes, what is harmless, what is not."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from stackyard.estate.settings import DriftIgnore
from stackyard.naming import StackId
from stackyard_cli.engine.messages import Change, Step
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.review.drift import drift

TODAY = datetime.date(2026, 11, 24)
STACK = StackId("vision", "defects", "dev")
NODES = "aws:eks/nodeGroup:NodeGroup"


def report(*found: tuple[str, str, str]) -> Report:
    """A refreshed preview: type, operation, changed path."""
    made = Report(Task(STACK, "project", {}, "", {}), "preview")
    for kind, operation, path in found:
        changes = (Change(path, "update"),) if path else ()
        urn = f"urn::{kind}::thing"
        made.steps[urn] = Step("start", urn, kind, operation, changes=changes)
    return made


@pytest.mark.parametrize(
    ("kind", "operation", "path", "expected"),
    [
        (NODES, "update", "scalingConfig.maxSize", "benign"),
        (NODES, "update", "taints[0].effect", "risky"),
        ("kubernetes:apps/v1:Deployment", "update", "spec.replicas", "expected"),
        ("kubernetes:apps/v1:Deployment", "update", "metadata.labels.x", "benign"),
        (
            "kubernetes:apps/v1:Deployment",
            "update",
            "spec.template.spec.containers[0].image",
            "risky",
        ),
        ("aws:iam/role:Role", "update", "tags.x", "risky"),
        ("aws:ec2/vpc:Vpc", "update", "tags.x", "benign"),
        ("aws:ec2/securityGroup:SecurityGroup", "update", "description", "risky"),
        ("aws:rds/instance:Instance", "update", "publiclyAccessible", "risky"),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "create", "", "risky"),
        ("aws:s3/bucket:Bucket", "create", "", "risky"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "create", "", "benign"),
    ],
)
def test_drift_has_a_kind(kind: str, operation: str, path: str, expected: str) -> None:
    [found] = drift(report((kind, operation, path)), None, [], TODAY)
    assert (found.kind, found.path) == (expected, path or "(missing)")


def test_what_the_files_would_change_anyway_is_no_drift() -> None:
    pending = report(("aws:ec2/vpc:Vpc", "update", "tags.x"))
    both = report(("aws:ec2/vpc:Vpc", "update", "tags.x"), ("aws:iam/role:Role", "update", "path"))
    assert [one.type for one in drift(both, pending, [], TODAY)] == ["aws:iam/role:Role"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, "ignored"),
        ({"expires": TODAY - datetime.timedelta(days=1)}, "benign"),
        ({"stack": "ranking/*/dev"}, "benign"),
        ({"resource": "other"}, "benign"),
        ({"path": "tags*"}, "ignored"),
        ({"path": "name"}, "benign"),
    ],
)
def test_drift_is_ignored_where_and_until_a_rule_says_so(change: dict[str, Any], kind: str) -> None:
    given = {"reason": "a trial of the network team", "owner": "a@b.example", "expires": TODAY}
    rule = DriftIgnore(**{**given, **change})
    [found] = drift(report(("aws:ec2/vpc:Vpc", "update", "tags.x")), None, [rule], TODAY)
    assert found.kind == kind
