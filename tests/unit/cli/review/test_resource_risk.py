"""All readers of the resource risk table agree about each type in it."""

from __future__ import annotations

import datetime
import json
from importlib.resources import files
from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from stackyard.naming import StackId
from stackyard.resource_risk import POLICY_DOCUMENTS, PROTECTED, RISKS, risk_of
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.engine.worker import events
from stackyard_cli.masking import Mask
from stackyard_cli.reports.comment import ACCESS, LOSS, NETWORK, entry
from stackyard_cli.reports.rehearsal import Rehearsal
from stackyard_cli.review.blast_radius import losses
from stackyard_cli.review.config_changes import ConfigChange
from stackyard_cli.review.cost import cost_of
from stackyard_cli.review.drift import drift
from stackyard_cli.review.gate import Review
from stackyard_cli.review.steps import origins

STACK = StackId("vision", "defects", "dev")
ALLOWED = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
UNLISTED = ("aws:iam/user:User", "aws:kms/grant:Grant", "aws:eks/accessThing:AccessThing")
ONCE_DISAGREED = {
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:lambda/permission:Permission",
    "aws:s3/accessPoint:AccessPoint",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queue:Queue",
}
ACCESS_TYPES = sorted(token for token, risk in RISKS.items() if risk.access)


def step_of(kind: str, operation: str, before: Any, after: Any) -> Step:
    """Send a change through the translation that every worker applies to the engine's events."""
    urn = f"urn:pulumi:dev::vision.defects::{kind}::thing"
    state = {"type": kind, "urn": urn, "custom": True}
    metadata: dict[str, Any] = {"op": operation, "urn": urn, "type": kind, "diffs": ["description"]}
    if before is not None:
        metadata["old"] = {**state, "inputs": before}
    if after is not None:
        metadata["new"] = {**state, "inputs": after}
    event = EngineEvent.from_json({"resourcePreEvent": {"metadata": metadata}})
    step = events.translate(event, Mask(()), values=False)
    assert isinstance(step, Step)
    return step


def report_of(step: Step) -> Report:
    report = Report(Task(STACK, "project", {}, "", {}), "preview")
    report.steps[step.urn] = step
    return report


def more_access(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs of a type before and after a change that allows more."""
    risk = risk_of(kind)
    if not risk.grants:
        return dict.fromkeys(risk.denies, True), {}
    after: dict[str, Any] = {}
    for name in risk.grants:
        after[name] = f"more-{name}"
        if name in POLICY_DOCUMENTS:
            after[name] = json.dumps({"Statement": [ALLOWED]})
        elif name == "rules":
            after[name] = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    return {}, after


def comment_kinds(step: Step) -> set[str]:
    plain = {"urn": step.urn, "type": step.type, "name": step.name, "operation": step.operation}
    return {kind for kind, _ in entry({"stack": str(STACK), "steps": [plain]}).risks}


def drift_kind(step: Step) -> str:
    [found] = drift(report_of(step), None, [], datetime.date(2026, 1, 1))
    return found.kind


def rehearsed(step: Step) -> Rehearsal:
    from stackyard.budget.prices import prices_of

    report = report_of(step)
    review = Review(report, [], [], cost_of([step], prices_of("eu-central-1")), [], [])
    return Rehearsal.of(report, review, [], is_new=False)


@pytest.mark.parametrize("kind", ACCESS_TYPES)
def test_every_reader_calls_a_granting_type_granting(kind: str) -> None:
    step = step_of(kind, "update", *more_access(kind))
    assert comment_kinds(step) == {ACCESS}
    assert drift_kind(step) == "risky"
    found = rehearsed(step)
    assert [one.holder for one in found.permissions.added], "the upgrade preview names no holder"
    assert any(line.strip().startswith("+ ") for line in found.lines())
    changes = [ConfigChange("access.audiences", 1, 2, "f:1:1"), ConfigChange("x.y", 1, 2, "f:2:1")]
    assert origins(step, changes) == ["f:1:1"]


@pytest.mark.parametrize("kind", sorted(set(RISKS) - set(ACCESS_TYPES)))
def test_no_reader_calls_another_type_granting(kind: str) -> None:
    risk = risk_of(kind)
    step = step_of(kind, "update", {"policy": "a", "role": "b"}, {"policy": "c", "role": "d"})
    assert comment_kinds(step) == ({NETWORK} if risk.network else set())
    assert drift_kind(step) == ("risky" if risk.network or risk.safeguard else "benign")
    assert (step.granted_before, step.granted_after) == (None, None)
    assert rehearsed(step).permissions.added == []
    assert rehearsed(step).permissions.unknown == []


def test_the_types_that_readers_once_disagreed_on_all_grant_access() -> None:
    assert set(ACCESS_TYPES) >= ONCE_DISAGREED


@pytest.mark.parametrize("kind", UNLISTED)
def test_an_unlisted_type_of_a_granting_family_is_named_as_not_readable(kind: str) -> None:
    step = step_of(kind, "update", {"path": "/"}, {"path": "/admin/"})
    assert comment_kinds(step) == {ACCESS}
    assert drift_kind(step) == "risky"
    assert rehearsed(step).permissions.unknown == [f"{kind.rpartition(':')[2]} thing"]
    deleted = step_of(kind, "delete", {"path": "/"}, None)
    assert rehearsed(deleted).permissions.unknown == [], "what goes allows nothing new"


@pytest.mark.parametrize("kind", sorted(RISKS))
def test_every_reader_takes_the_data_class_from_the_table(kind: str) -> None:
    held = risk_of(kind).data_class in PROTECTED
    step = step_of(kind, "delete", {}, None)
    assert (LOSS in comment_kinds(step)) is held
    assert [loss.data_class for loss in losses([step])] == ([risk_of(kind).data_class] * held)


def test_an_access_type_names_the_inputs_that_grant_or_deny() -> None:
    for kind, risk in RISKS.items():
        assert risk.access is bool(risk.access_inputs), kind


def test_a_denial_by_an_input_that_goes_is_a_new_permission() -> None:
    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    closed = dict.fromkeys(risk_of(kind).denies, True)
    opened = {**closed, "blockPublicAcls": False}
    [found] = rehearsed(step_of(kind, "update", closed, opened)).permissions.added
    assert (found.effect, found.actions) == ("Deny", ("blockPublicAcls",))
    assert rehearsed(step_of(kind, "update", opened, closed)).permissions.added == []


CLOUDFORMATION = {
    "AWS::DynamoDB::Table": "aws:dynamodb/table:Table",
    "AWS::EC2::Volume": "aws:ebs/volume:Volume",
    "AWS::EFS::FileSystem": "aws:efs/fileSystem:FileSystem",
    "AWS::KMS::Key": "aws:kms/key:Key",
    "AWS::Logs::LogGroup": "aws:cloudwatch/logGroup:LogGroup",
    "AWS::RDS::DBCluster": "aws:rds/cluster:Cluster",
    "AWS::RDS::DBInstance": "aws:rds/instance:Instance",
    "AWS::S3::Bucket": "aws:s3/bucket:Bucket",
    "AWS::SQS::Queue": "aws:sqs/queue:Queue",
    "AWS::SecretsManager::Secret": "aws:secretsmanager/secret:Secret",
}
"""The types in our table that `cfn-lint` lists as stateful."""


@pytest.mark.parametrize("name", sorted(CLOUDFORMATION))
def test_a_change_that_deletes_what_holds_data_stops(name: str) -> None:
    """`cfn-lint` asks for a deletion policy for these."""
    listed = files("cfnlint.data.AdditionalSpecs").joinpath("StatefulResources.json").read_text()
    assert name in json.loads(listed)["ResourceTypes"]
    assert losses([Step("start", "urn:x::y", CLOUDFORMATION[name], "delete")])


def test_a_removed_metric_workspace_stops_the_change() -> None:
    """Its metrics go with it, https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-onboard-delete-workspace.html."""
    assert losses([Step("start", "urn:x::y", "aws:amp/workspace:Workspace", "delete")])
