"""`stackyard status` of a project: each concern is really looked at."""

from __future__ import annotations

from tests.support.clients import Clients
from tests.support.workspace import Workspace

STACK = "ranking/recommender/dev"


def concerns(workspace: Workspace) -> dict[str, dict[str, str]]:
    (row,) = workspace.answer("status", STACK)
    return {one["concern"]: one for one in row["concerns"]}


def test_there_is_a_line_for_each_of_the_twelve_concerns(applied: Workspace) -> None:
    found = concerns(applied)
    assert len(found) == 12
    for name in ("dataset versions", "dataset access", "retention", "key vault", "monitoring"):
        assert found[name]["state"] == "ok", found[name]
        assert found[name]["evidence"]
    assert found["hybrid"]["evidence"] == "namespace and trusted trainers on berlin"
    assert found["run tracking"] == {
        "concern": "run tracking",
        "state": "not declared",
        "evidence": "",
    }
    text = applied.run("status", STACK)
    assert "features ends after" in text


def test_a_concern_that_was_broken_by_hand_says_so(applied: Workspace, aws: Clients) -> None:
    bucket = applied.contract(STACK)["datasets"]["features"]
    s3, cloudwatch = aws("s3"), aws("cloudwatch")
    alarm = f"{STACK.replace('/', '-')}-training-errors"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="tried")
    try:
        found = concerns(applied)
    finally:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="over")
    assert found["dataset versions"]["evidence"] == "features: versioning is off"
    assert found["monitoring"]["evidence"] == f"{alarm} is on"
    assert found["retention"]["state"] == "ok"


def test_doctor_reaches_the_api_of_each_cluster(applied: Workspace) -> None:
    rows = {row["check"]: row for row in applied.answer("doctor")}
    assert rows["API platform-foundation-dev"]["verdict"] == "ok"
