"""Retention: what the cloud was told equals what was compiled, and a change is just that change."""

from __future__ import annotations

import pytest

from stackyard.retention.config import RetentionConfig
from stackyard.retention.plan import ObjectPlan, log_plan, object_plan
from tests.support.clients import Clients
from tests.support.workspace import Workspace

ACCOUNT = "123456789012"
PROJECTS = ("vision/defects/dev", "ranking/recommender/dev")


def read_back(aws: Clients, bucket: str) -> ObjectPlan:
    """Return the plan that a bucket's own lifecycle says."""
    rules = aws("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert all(rule["Status"] == "Enabled" and rule["Filter"] == {"Prefix": ""} for rule in rules)
    by_id = {rule["ID"]: rule for rule in rules}
    assert set(by_id) == {"data", "leftovers"}
    data, leftovers = by_id["data"], by_id["leftovers"]
    assert leftovers["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    cold = data.get("Transitions", [{}])[0]
    return ObjectPlan(
        expire_after=data["Expiration"]["Days"],
        noncurrent_days=data["NoncurrentVersionExpiration"]["NoncurrentDays"],
        abort_uploads_days=leftovers["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"],
        transition_after=cold.get("Days"),
        transition_class=cold.get("StorageClass", "GLACIER_IR"),
    )


def same(one: ObjectPlan, other: ObjectPlan) -> bool:
    """Whether two plans do the same; the storage class of what never turns cold does nothing."""
    fields = ("expire_after", "noncurrent_days", "abort_uploads_days", "transition_after")
    alike = all(getattr(one, field) == getattr(other, field) for field in fields)
    return alike and (
        one.transition_after is None or one.transition_class == other.transition_class
    )


@pytest.fixture(scope="module")
def retention(applied: Workspace) -> dict[str, RetentionConfig]:
    """The effective `retention` section of each project, as the command shows it."""
    return {
        stack: RetentionConfig.model_validate(applied.answer("show", stack)["config"]["retention"])
        for stack in PROJECTS
    }


def test_every_lifecycle_read_back_equals_the_compiled_plan(
    applied: Workspace, aws: Clients, retention: dict[str, RetentionConfig]
) -> None:
    vision, ranking = (retention[stack] for stack in PROJECTS)
    expected = {
        "vision-defects-dev-data-photos": object_plan(vision.raw),
        "vision-defects-dev-data-labelled": object_plan(vision.curated),
        "vision-defects-dev-access-logs": log_plan(vision.logs),
        "ranking-recommender-dev-data-events": object_plan(ranking.personal["eu"]),
        "ranking-recommender-dev-data-features": object_plan(ranking.curated),
        "ranking-recommender-dev-access-logs": log_plan(ranking.logs),
    }
    for name, plan in expected.items():
        assert same(read_back(aws, f"{name}-{ACCOUNT}"), plan), name


def test_the_company_rule_holds_where_nothing_else_is_said(
    applied: Workspace, aws: Clients
) -> None:
    plan = read_back(aws, f"vision-defects-dev-data-photos-{ACCOUNT}")
    assert (plan.transition_after, plan.expire_after) == (365, 1095)


def test_personal_data_is_gone_within_its_days(applied: Workspace, aws: Clients) -> None:
    plan = read_back(aws, f"ranking-recommender-dev-data-events-{ACCOUNT}")
    assert plan.erased_after == 180


def test_a_changed_number_is_one_change_and_reaches_the_bucket(
    applied: Workspace, aws: Clients
) -> None:
    stack, file = "ranking/recommender/dev", "stacks/ranking/recommender/_defaults.yaml"
    bucket = f"ranking-recommender-dev-data-events-{ACCOUNT}"
    applied.edit(file, "erase_within_days: 180", "erase_within_days: 120")
    try:
        (answer,) = applied.answer("preview", stack)["stacks"]
        (change,) = answer["config_changes"]
        assert (change["path"], change["old"], change["new"]) == (
            "retention.personal.eu.erase_within_days",
            180,
            120,
        )
        assert change["origin"].startswith(f"{file}:")
        assert answer["changes"] == {"update": 1}
        applied.run("up", stack, "--yes")
        assert read_back(aws, bucket).erased_after == 120
    finally:
        applied.edit(file, "erase_within_days: 120", "erase_within_days: 180")
        applied.run("up", stack, "--yes")
    assert read_back(aws, bucket).erased_after == 180


def test_a_lifecycle_deleted_behind_its_back_is_seen_and_put_back(
    applied: Workspace, aws: Clients
) -> None:
    stack, bucket = "vision/defects/dev", f"vision-defects-dev-data-photos-{ACCOUNT}"
    before = read_back(aws, bucket)
    aws("s3").delete_bucket_lifecycle(Bucket=bucket)
    (answer,) = applied.answer("preview", stack, "--refresh")["stacks"]
    touched = {step["name"] for step in answer["steps"] if step["operation"] != "same"}
    assert touched == {"datasets-photos-lifecycle"}
    applied.run("up", stack, "--yes", "--refresh")
    assert same(read_back(aws, bucket), before)


def test_a_contradiction_is_refused_with_both_places(applied: Workspace) -> None:
    file = "stacks/ranking/recommender/_defaults.yaml"
    applied.edit(file, "erase_within_days: 180", "erase_within_days: 800")
    try:
        done = applied.attempt("validate", "ranking/recommender/dev")
        assert done.returncode == 2
        assert f"{file}:" in done.stderr
        assert "`erase_within_days` (800) is more than `legal_limit_days` (730)" in done.stderr
        assert "stacks/_defaults.yaml:" in done.stderr
    finally:
        applied.edit(file, "erase_within_days: 800", "erase_within_days: 180")
