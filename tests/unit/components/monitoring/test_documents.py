"""What must agree between shipper, log groups, alarms, dashboards and policies."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.aws_location import AwsLocation
from stackyard.monitoring import alerts, dashboards, documents, log_metrics
from stackyard.monitoring.audit import trail_delivery
from stackyard.monitoring.audit_events import KEY_OPENED, audit_events, opened_by_others
from stackyard.monitoring.config import MonitoringConfig, ThresholdsConfig
from stackyard.naming import StackId
from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, allowed
from stackyard_sandbox.cloud.strictness.metric_filters import pattern_problem
from tests.support.filter_patterns import matches

STACK = StackId("vision", "defects", "dev")
EVERY: list[Any] = ["science", "dev", "business"]


def test_every_alarm_is_on_metrics_that_are_counted_where_its_audience_or_dev_has_logs() -> None:
    counted = {metric.name: metric for metric in log_metrics.LOG_METRICS}
    for alarm in alerts.alarms(ThresholdsConfig(), EVERY):
        for metric in alarm.metrics:
            assert counted[metric].audience in (alarm.audience, "dev"), alarm.name
            # Alarms name no dimensions, so metrics that have some would never reach them.
            assert not counted[metric].dimensions, alarm.name


def test_an_audience_that_is_not_told_has_no_alarm() -> None:
    assert {one.audience for one in alerts.alarms(ThresholdsConfig(), ["dev"])} == {"dev"}


@pytest.mark.parametrize("audience", EVERY)
def test_dashboards_show_metrics_that_are_counted_and_do_not_overlap(audience: Any) -> None:
    namespace = log_metrics.metric_namespace(STACK)
    canvas = dashboards.Canvas(namespace, "eu-central-1")
    body = json.loads(dashboards.dashboard(audience, "t", canvas, ["arn:alarm"], "about"))
    counted = {metric.name for metric in log_metrics.LOG_METRICS}
    taken: set[tuple[int, int]] = set()
    for widget in body["widgets"]:
        area = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not area & taken
        taken |= area
        for line in widget["properties"].get("metrics", []):
            if isinstance(line[0], str):
                assert (line[0], line[1] in counted) == (namespace, True)
            else:
                assert f'MetricName="{"EvaluationScore"}"' in line[0]["expression"]
    assert max(x for x, _ in taken) < 24


@pytest.mark.parametrize(
    ("action", "resource", "may"),
    [
        # What the console asks for an alarm widget and for the list of log groups:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html,
        # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
        ("cloudwatch:DescribeAlarms", "cloudwatch:{}:alarm:vision-defects-dev-slow", True),
        ("cloudwatch:DescribeAlarms", "cloudwatch:{}:alarm:ranking-clicks-dev-slow", False),
        ("logs:DescribeLogGroups", "logs:{}:log-group::log-stream:", True),
        ("logs:GetLogEvents", "logs:{}:log-group:/stackyard/vision/defects/dev/dev:log", True),
        ("logs:GetLogEvents", "logs:{}:log-group:/stackyard/vision/defects/dev/science:x", False),
    ],
)
def test_a_reader_sees_alarms_and_logs_of_its_own_project(
    action: str, resource: str, *, may: bool
) -> None:
    policy = documents.reading(STACK, "dev", account="123456789012", region="eu-central-1")
    arn = f"arn:aws:{resource.format('eu-central-1:123456789012')}"
    asked = Asked(action, arn, frozenset({"reader"}), "123456789012", {})
    assert allowed(asked, [policy]) is may


def test_a_search_quotes_the_namespace() -> None:
    """Letters and digits alone need no quotes; ours has a slash and hyphens."""
    canvas = dashboards.Canvas("Stackyard/vision-defects-dev", "eu-central-1")
    ((line,),) = canvas.by_version("scores", "EvaluationScore")["properties"]["metrics"]
    schema = re.search(r"SEARCH\('\{([^}]+)\}", line["expression"])
    assert schema is not None
    for name in schema[1].split(","):
        assert re.fullmatch(r'[A-Za-z0-9]+|"[^"]+"', name), name


def test_a_topic_takes_nothing_from_alarms_of_other_stacks_or_accounts() -> None:
    policy = documents.topic_policy(
        "arn:topic", stack=STACK, account="123456789012", region="eu-central-1"
    )
    for statement in policy["Statement"]:
        assert set(statement["Principal"]) == {"Service"}
        condition = statement["Condition"]
        assert condition["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert "123456789012" in condition["ArnLike"]["aws:SourceArn"]
    (alarm,) = (s for s in policy["Statement"] if s["Sid"] == "PublishFromCloudwatch")
    assert alarm["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":alarm:vision-defects-dev-*")


@pytest.mark.parametrize(
    ("subscribers", "problem"),
    [
        ({"dev": []}, "nobody would get its alerts"),
        ({"dev": ["a@example.com", "a@example.com"]}, "twice"),
        ({"business": ["a@example.com"]}, "needs `dev`"),
    ],
)
def test_a_topic_without_a_listener_is_refused(subscribers: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        MonitoringConfig.model_validate({"subscribers": subscribers})


@pytest.mark.parametrize("count", [1, 7, 40])
def test_every_emergency_role_rings_however_many_there_are(count: int) -> None:
    sso = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-central-1"
    admins = [f"{sso}/AWSReservedSSO_Admins{n:02}_0123456789abcdef" for n in range(count)]
    events = {event.name: event for event in audit_events(admins)}
    patterns = events["break-glass"].patterns
    assert max(len(pattern) for pattern in patterns) <= 1024  # of a metric filter
    for arn in admins:
        taken = {"requestParameters": {"roleArn": arn}}
        assert sum(matches(pattern, taken) for pattern in patterns) == 1
    other = {"requestParameters": {"roleArn": f"{sso}/AWSReservedSSO_Reader_0123456789abcdef"}}
    assert not any(matches(pattern, other) for pattern in patterns)


def test_every_event_says_what_to_do() -> None:
    for event in (*audit_events(["arn:aws:iam::123456789012:role/admin"]), KEY_OPENED):
        assert len(event.runbook.split()) > 12
        for pattern in event.patterns:
            matches(pattern, {})  # can be read
            assert len(pattern) <= 1024


def _decryption(arn: str | None, *, kind: str = "AssumedRole", key: str = "a") -> dict[str, Any]:
    """A CloudTrail record, https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html."""
    issuer = {"sessionContext": {"sessionIssuer": {"arn": arn}}} if arn else {}
    return {
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "userIdentity": {"type": kind, **issuer},
        "resources": [{"ARN": f"arn:aws:kms:eu-central-1:123456789012:key/{key}"}],
    }


@pytest.mark.parametrize(
    ("record", "rings"),
    [
        (_decryption("arn:aws:iam::123456789012:role/vision-defects-dev-trainer"), False),
        (_decryption("arn:aws:iam::123456789012:role/vision-defects-prod-trainer"), True),
        (_decryption("arn:aws:iam::123456789012:role/aws-service-role/rds.amazonaws.com/x"), False),
        (_decryption("arn:aws:iam::123456789012:role/administrator"), True),
        (_decryption("arn:aws:iam::210987654321:role/a-dev-b"), True),
        (_decryption(None, kind="IAMUser"), True),
        (_decryption(None, kind="AWSService"), False),
        (_decryption("arn:aws:iam::123456789012:role/administrator", key="other"), False),
    ],
)
def test_others_than_the_roles_of_the_stage_ring_when_they_open_a_key(
    record: dict[str, Any], *, rings: bool
) -> None:
    keys = [f"arn:aws:kms:eu-central-1:123456789012:key/{one}" for one in ("a", "b")]
    location = AwsLocation("123456789012", "eu-central-1")
    pattern = opened_by_others(keys, location=location, stage="dev")
    assert pattern_problem(pattern) is None
    assert len(pattern) <= 1024  # of a metric filter
    assert matches(pattern, record) is rings


def test_a_trail_may_write_its_own_records_only() -> None:
    trail = "arn:aws:cloudtrail:eu-central-1:123456789012:trail/platform-foundation-dev-audit"
    for statement in trail_delivery("arn:aws:s3:::records", "123456789012", trail):
        assert statement["Condition"] == {"StringEquals": {"aws:SourceArn": trail}}
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
