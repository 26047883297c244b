"""Monitoring: an alarm reaches its own audience only, and so do dashboards and logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

STACK = "ranking/recommender/dev"
SLUG = "ranking-recommender-dev"
AUDIENCES = {"science": "scientist", "dev": "developer", "business": "business"}


@pytest.fixture
def inboxes(applied: Workspace, aws: Clients) -> Iterator[dict[str, str]]:
    """A queue at the topic of each audience, where real subscribers have their mail."""
    sns, sqs = aws("sns"), aws("sqs")
    found, made = {}, []
    for who in AUDIENCES:
        queue = sqs.create_queue(QueueName=f"inbox-{who}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        topic = f"arn:aws:sns:eu-central-1:123456789012:{SLUG}-{who}"
        made.append(
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        )
        found[who] = queue
    yield found
    for subscription in made:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    for queue in found.values():
        sqs.delete_queue(QueueUrl=queue)


def received(sqs: Any, queue: str) -> list[dict[str, Any]]:
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(json.loads(message["Body"])["Message"]) for message in messages]


@pytest.mark.parametrize(
    ("alarm", "audience"),
    [("serving-errors", "dev"), ("training-errors", "science"), ("no-predictions", "business")],
)
def test_an_alarm_arrives_with_its_runbook_and_at_its_audience_only(
    inboxes: dict[str, str], aws: Clients, alarm: str, audience: str
) -> None:
    cloudwatch, sqs = aws("cloudwatch"), aws("sqs")
    name = f"{SLUG}-{alarm}"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tried")
    try:
        arrived = {who: received(sqs, queue) for who, queue in inboxes.items()}
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="over")
    assert {who for who, messages in arrived.items() if messages} == {audience}
    (message,) = arrived[audience]
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert len(message["AlarmDescription"].split()) > 20


@pytest.mark.parametrize(("name", "says"), [("break-glass", "incident"), ("key-opened", "rotate")])
def test_the_use_of_an_emergency_role_or_a_key_is_recorded_and_rings(
    applied: Workspace, aws: Clients, name: str, says: str
) -> None:
    stage = "platform-foundation-dev"
    trail = aws("cloudtrail").get_trail_status(Name=f"{stage}-audit")
    assert trail["IsLogging"]
    logs = aws("logs")
    (counted,) = logs.describe_metric_filters(
        logGroupName="/stackyard/platform/foundation/dev/audit", filterNamePrefix="BreakGlassUses"
    )["metricFilters"]
    for role in ("platform-admin", f"{stage}-break-glass"):
        assert f"arn:aws:iam::123456789012:role/{role}" in counted["filterPattern"]
    (opened,) = logs.describe_metric_filters(
        logGroupName="/stackyard/platform/foundation/dev/audit",
        filterNamePrefix="UnexpectedDecrypts",
    )["metricFilters"]
    keys = applied.contract("platform/foundation/dev")["key_arns"]
    guarded = {use for use, key in keys.items() if key in opened["filterPattern"]}
    assert guarded == {"secrets", "personal"}
    sns, sqs, cloudwatch = aws("sns"), aws("sqs"), aws("cloudwatch")
    queue = sqs.create_queue(QueueName="inbox-security")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    topic = f"arn:aws:sns:eu-central-1:123456789012:{stage}-security"
    heard = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])[
        "SubscriptionArn"
    ]
    alarm = f"{stage}-{name}"
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="tried")
    try:
        (message,) = received(sqs, queue)
    finally:
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="over")
        sns.unsubscribe(SubscriptionArn=heard)
        sqs.delete_queue(QueueUrl=queue)
    assert message["AlarmName"] == alarm
    assert says in message["AlarmDescription"]


def test_an_alarm_of_another_project_does_not_get_through(
    inboxes: dict[str, str], aws: Clients
) -> None:
    """The topic's policy decides, not whoever writes the alarm."""
    cloudwatch = aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="vision-defects-dev-forged",
        AlarmActions=[f"arn:aws:sns:eu-central-1:123456789012:{SLUG}-dev"],
        Namespace="any",
        MetricName="any",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    try:
        cloudwatch.set_alarm_state(
            AlarmName="vision-defects-dev-forged", StateValue="ALARM", StateReason="forged"
        )
        assert received(aws("sqs"), inboxes["dev"]) == []
    finally:
        cloudwatch.delete_alarms(AlarmNames=["vision-defects-dev-forged"])


def test_dashboards_and_logs_open_for_their_audience_only(
    applied: Workspace, aws: Clients, assume: Assume
) -> None:
    logs = aws("logs")
    for who in AUDIENCES:
        group = f"/stackyard/{STACK}/{who}"
        logs.create_log_stream(logGroupName=group, logStreamName="test")
    try:
        for reader, role in AUDIENCES.items():
            own = assume(f"{SLUG}-{role}")
            for who in AUDIENCES:
                opened = [
                    _allowed(aws("cloudwatch", own).get_dashboard, DashboardName=f"{SLUG}-{who}"),
                    _allowed(
                        aws("logs", own).filter_log_events,
                        logGroupName=f"/stackyard/{STACK}/{who}",
                    ),
                ]
                assert opened == [reader == who] * 2, (reader, who)
    finally:
        for who in AUDIENCES:
            logs.delete_log_stream(logGroupName=f"/stackyard/{STACK}/{who}", logStreamName="test")


def test_grafanas_sidecar_finds_a_folder_for_each_audience_and_projects_find_nothing(
    applied: Workspace, kube: KubernetesClients, assume: Assume
) -> None:
    from kubernetes import client

    cluster, where = "platform-foundation-dev", "stackyard-metrics"
    core: Any = client.CoreV1Api(kube(cluster))
    found = core.list_namespaced_config_map(where, label_selector="grafana_dashboard=1").items
    folders = {}
    for one in found:
        (body,) = one.data.values()
        folders[one.metadata.annotations["grafana_folder"]] = json.loads(body)["title"]
    assert folders == {f"{STACK} {who}": f"{STACK}: {who}" for who in AUDIENCES}
    for role in ("scientist", "developer"):
        reader: Any = client.CoreV1Api(kube(cluster, assume(f"{SLUG}-{role}")))
        assert reader.list_namespaced_config_map(SLUG).items
        for one in found:
            with pytest.raises(client.ApiException, match="Forbidden"):
                reader.read_namespaced_config_map(one.metadata.name, where)


def test_logs_end_and_are_encrypted(applied: Workspace, aws: Clients) -> None:
    keys = applied.contract("platform/foundation/dev")["key_arns"]
    found = aws("logs").describe_log_groups(logGroupNamePrefix=f"/stackyard/{STACK}/")
    groups = {group["logGroupName"]: group for group in found["logGroups"]}
    assert set(groups) == {f"/stackyard/{STACK}/{who}" for who in AUDIENCES}
    for group in groups.values():
        # `retention.logs.keep_days` of the project.
        assert (group["retentionInDays"], group["kmsKeyId"]) == (180, keys["logs"])


def test_prometheus_has_the_rules_and_knows_where_alerts_go(
    applied: Workspace, aws: Clients, kube: KubernetesClients
) -> None:
    from kubernetes import client

    amp = aws("amp")
    (workspace,) = amp.list_workspaces(alias=f"{SLUG}-metrics")["workspaces"]
    where = {"workspaceId": workspace["workspaceId"]}
    data = amp.describe_rule_groups_namespace(**where, name="stackyard")
    (group,) = yaml.safe_load(data["ruleGroupsNamespace"]["data"])["groups"]
    assert {"TrainingFailed", "GpuPodPending"} <= {rule["alert"] for rule in group["rules"]}
    routing = amp.describe_alert_manager_definition(**where)["alertManagerDefinition"]["data"]
    config = yaml.safe_load(yaml.safe_load(routing)["alertmanager_config"])
    topics = {one["name"]: one["sns_configs"][0]["topic_arn"] for one in config["receivers"]}
    assert topics == {
        who: f"arn:aws:sns:eu-central-1:123456789012:{SLUG}-{who}" for who in AUDIENCES
    }
    core = client.CoreV1Api(kube("platform-foundation-dev"))
    settings: Any = core.read_namespaced_config_map(f"{SLUG}-collector", "stackyard-metrics")
    (target,) = yaml.safe_load(settings.data["prometheus.yaml"])["remote_write"]
    described = amp.describe_workspace(**where)["workspace"]
    assert target["url"] == f"{described['prometheusEndpoint']}api/v1/remote_write"


def _allowed(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (400, 403) or (
            "not authorized" not in str(error)
        ):
            raise
        return False
    return True
