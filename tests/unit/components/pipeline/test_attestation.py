"""Whose word counts: names in keys, who may write them, and what an open question shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stackyard import iam
from stackyard.access.evaluator import Request, decide
from stackyard.pipeline import attestation, documents
from stackyard.pipeline.runs import ended_as, question

ACCOUNT = "123456789012"
MACHINE = f"arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:vision-defects-dev"
TRAINER, STARTER, APPROVER, ADMIN = (
    f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("trainer", "starter", "approver", "admin")
)
ASKED = datetime(2027, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("userid", "person"),
    [("AROAX:bob", "bob"), ("AROAX:bob@acme.example", "bob@acme.example"), ("AIDAX", None)],
)
def test_a_person_is_the_name_of_a_session(userid: str, person: str | None) -> None:
    assert attestation.person(userid) == person


def test_every_policy_writes_the_callers_own_id_and_nothing_before_it() -> None:
    place = ("reports", "arn:key", "eu-central-1")
    for policy, resource in (
        (documents.starter_policy(MACHINE, *place), "arn:aws:s3:::reports/starts/${aws:userid}"),
        (
            documents.approver_policy(MACHINE, *place),
            "arn:aws:s3:::reports/answers/${aws:userid}/*",
        ),
    ):
        puts = [one for one in policy["Statement"] if "s3:PutObject" in one["Action"]]
        assert [one["Resource"] for one in puts] == [[resource]]


def test_people_start_runs_by_their_word_only() -> None:
    place = ("reports", "arn:key", "eu-central-1")
    for policy in (
        documents.starter_policy(MACHINE, *place),
        documents.approver_policy(MACHINE, *place),
    ):
        actions = {action for one in policy["Statement"] for action in one["Action"]}
        assert "states:StartExecution" not in actions
        assert "states:SendTaskFailure" not in actions


@pytest.mark.parametrize(
    ("who", "key", "allowed"),
    [
        (TRAINER, "evaluations/run/evaluation.json", True),
        (TRAINER, "starts/AROAX:bob", False),
        (STARTER, "starts/AROAX:bob", True),
        (STARTER, "answers/AROAX:bob/run", False),
        (APPROVER, "answers/AROAX:bob/run", True),
        (APPROVER, "evaluations/run/evaluation.json", False),
        (ADMIN, "evaluations/run/evaluation.json", False),
        (ADMIN, "starts/AIDAX", False),
        (ADMIN, "answers/AIDAX/x:bob/run", False),
    ],
)
def test_the_bucket_keeps_each_part_to_its_writers(who: str, key: str, allowed: bool) -> None:
    everything = iam.document(iam.statement("All", ("s3:*",), ("*",)))
    policy = iam.document(
        *documents.bucket_statements(
            "arn:aws:s3:::reports", trainer=TRAINER, starters=[STARTER], approvers=[APPROVER]
        )
    )
    request = Request(who, "s3:PutObject", f"arn:aws:s3:::reports/{key}")
    assert decide(request, everything, policy).allowed is allowed


def entered(number: int, name: str, **state: Any) -> dict[str, Any]:
    details = {"name": name, "input": json.dumps(state)}
    return {"id": number, "timestamp": ASKED, "stateEnteredEventDetails": details}


def asking(number: int) -> dict[str, Any]:
    parameters = {"MessageAttributes": {"token": {"StringValue": "opens"}}}
    details = {"parameters": json.dumps(parameters), "timeoutInSeconds": 7200}
    return {"id": number, "taskScheduledEventDetails": details}


CANDIDATE = {
    "candidate": {"version": "defects/8", "value": 0.9},
    "champion": {"found": {"known": False, "value": 0.0, "version": "none"}},
    "started_by": {"person": "alice"},
}


def test_a_run_asks_while_it_waits_and_no_longer() -> None:
    waiting = [entered(1, "Compare"), entered(2, "Approve", **CANDIDATE), asking(3)]
    found = question("run", waiting)
    assert found is not None
    assert (found.version, found.started_by, found.token) == ("defects/8", "alice", "opens")
    assert found.champion_value is None
    assert found.expires == ASKED + timedelta(hours=2)
    assert question("run", waiting[:2]) is None
    assert question("run", [*waiting, entered(4, "Read answer")]) is None
    assert ended_as(waiting) == "Approve"
    assert ended_as([]) == "not begun"
