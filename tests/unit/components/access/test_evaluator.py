"""The evaluator against what AWS documents, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.access.evaluator import Request, decide, decide_key, decide_through, may_assume
from stackyard.access.patterns import PatternError, holds, like

ROLE = "arn:aws:iam::123456789012:role/someone"
ROOT = "arn:aws:iam::123456789012:root"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Statement": list(statements)}


def allow(**elements: Any) -> dict[str, Any]:
    return {"Sid": "Yes", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **elements}


def deny(**elements: Any) -> dict[str, Any]:
    return {**allow(**elements), "Sid": "No", "Effect": "Deny"}


ASK = Request(ROLE, "s3:GetObject", "arn:aws:s3:::lake/a/b")


@pytest.mark.parametrize(
    ("identity", "resource", "text"),
    [
        (policy(), None, "nothing allows it"),
        (policy(allow()), None, "allowed by Yes (identity policy)"),
        (policy(allow(), deny()), None, "denied by No (identity policy)"),
        (policy(allow()), policy(deny(Principal="*")), "denied by No (resource policy)"),
        (policy(), policy(allow(Principal={"AWS": ROLE})), "allowed by Yes (resource policy)"),
        (policy(), policy(allow(Principal={"AWS": [ROLE]})), "allowed by Yes (resource policy)"),
        (policy(), policy(allow(Principal={"AWS": ROOT})), "nothing allows it"),
        (policy(), policy(allow(Principal={"AWS": f"{ROLE}-else"})), "nothing allows it"),
        (policy(), policy(allow(Principal={"Service": "s3.amazonaws.com"})), "nothing allows it"),
        (policy(allow(Action="S3:getobject")), None, "allowed by Yes (identity policy)"),
        (policy(allow(Action="s3:Get*")), None, "allowed by Yes (identity policy)"),
        (policy(allow(Action="s3:GetObjec?")), None, "allowed by Yes (identity policy)"),
        (policy(allow(Action=["s3:Put*"])), None, "nothing allows it"),
        (policy(allow(Resource="arn:aws:s3:::lake/a/*")), None, "allowed by Yes (identity policy)"),
        (policy(allow(Resource="arn:aws:s3:::lake/A/*")), None, "nothing allows it"),
        (policy(allow(Resource="arn:aws:s3:::lake/b*")), None, "nothing allows it"),
        (policy(allow(Resource="arn:aws:s3:::lake")), None, "nothing allows it"),
    ],
)
def test_decisions(identity: dict[str, Any], resource: dict[str, Any] | None, text: str) -> None:
    assert str(decide(ASK, identity, resource)) == text


def test_not_resource_covers_everything_else() -> None:
    fence = deny(Principal="*")
    fence["NotResource"] = ["arn:aws:s3:::lake/a/*"]
    del fence["Resource"]
    other = Request(ROLE, "s3:GetObject", "arn:aws:s3:::lake/c")
    assert decide(ASK, policy(allow()), policy(fence)).allowed
    assert not decide(other, policy(allow()), policy(fence)).allowed


@pytest.mark.parametrize(
    ("operator", "expected", "actual", "result"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "in/*", "in/a/b", True),
        ("StringLike", "in/*", "in", False),
        ("StringLike", "in/?", "in/ab", False),
        ("StringLike", "a.b", "axb", False),
        ("StringNotLike", ["in/", "in/*"], "out/", True),
        ("StringNotLike", ["in/", "in/*"], "in/x", False),
        ("StringNotLike", "in/*", None, True),
        ("Bool", "false", "False", True),
        ("Bool", "false", "true", False),
        ("Bool", "false", None, False),
        ("Null", "true", None, True),
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
        ("NumericLessThan", "1.2", "1.1", True),
        ("NumericLessThan", "1.2", "1.2", False),
        ("ArnEquals", "arn:aws:iam::1:role/a*", "arn:aws:iam::1:role/ab", True),
        ("ArnLike", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", True),
        ("ArnLike", "arn:aws:*:role/a", "arn:aws:iam::1:role/a", False),
        ("ArnNotEquals", ["arn:aws:iam::1:role/a"], "arn:aws:iam::1:role/b", True),
    ],
)
def test_conditions(operator: str, expected: Any, actual: str | None, result: bool) -> None:
    facts = {} if actual is None else {"key": actual}
    assert holds({operator: {"key": expected}}, facts) is result


def test_every_condition_of_a_statement_must_hold() -> None:
    conditions = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    assert holds(conditions, {"a": "1", "b": "2", "c": "true"})
    assert not holds(conditions, {"a": "1", "b": "2", "c": "false"})
    assert not holds(conditions, {"a": "1", "b": "3", "c": "true"})


def test_what_is_not_known_is_never_guessed() -> None:
    with pytest.raises(PatternError, match="IpAddress"):
        holds({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.0.0.1"})
    with pytest.raises(PatternError, match="variables"):
        like("home/${aws:username}/*", "home/me/x")


POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/door"
DELEGATED = policy(
    allow(
        Principal={"AWS": "*"},
        Resource="arn:aws:s3:::lake/*",
        Condition={"StringEquals": {"s3:DataAccessPointArn": POINT}},
    )
)
OPEN = policy(allow(Principal={"AWS": ROLE}, Resource=f"{POINT}/object/a/*"))


@pytest.mark.parametrize(
    ("key", "point", "bucket", "expected"),
    [
        ("a/x", OPEN, DELEGATED, True),
        ("b/x", OPEN, DELEGATED, False),
        ("a/x", policy(), DELEGATED, False),
        ("a/x", OPEN, policy(), False),
        ("a/x", OPEN, policy(*DELEGATED["Statement"], deny(Principal="*")), False),
    ],
)
def test_through_an_access_point_both_doors_must_be_open(
    key: str, point: dict[str, Any], bucket: dict[str, Any], expected: bool
) -> None:
    asked = Request(ROLE, "s3:GetObject", key)
    decision = decide_through(asked, policy(), (POINT, point), ("arn:aws:s3:::lake", bucket))
    assert decision.allowed is expected


def test_a_delegation_opens_nothing_beside_the_access_point() -> None:
    assert not decide(ASK, policy(), DELEGATED).allowed


def trust(**condition: Any) -> dict[str, Any]:
    statement = {"Sid": "Assume", "Effect": "Allow", "Action": ["sts:AssumeRole"]}
    return policy({**statement, "Principal": {"AWS": [ROOT]}, "Condition": condition})


@pytest.mark.parametrize(
    ("condition", "who", "external_id", "expected"),
    [
        ({}, ROLE, None, True),
        ({}, "arn:aws:iam::999999999999:role/someone", None, False),
        ({"ArnLike": {"aws:PrincipalArn": [f"{ROLE}*"]}}, ROLE, None, True),
        ({"ArnLike": {"aws:PrincipalArn": [f"{ROLE}-else"]}}, ROLE, None, False),
        ({"StringEquals": {"sts:ExternalId": "right"}}, ROLE, "right", True),
        ({"StringEquals": {"sts:ExternalId": "right"}}, ROLE, "wrong", False),
        ({"StringEquals": {"sts:ExternalId": "right"}}, ROLE, None, False),
    ],
)
def test_who_may_take_a_role(
    condition: dict[str, Any], who: str, external_id: str | None, expected: bool
) -> None:
    assert may_assume(trust(**condition), who, external_id).allowed is expected


KEY = "arn:aws:kms:eu-central-1:123456789012:key/data"
USE_KEY = allow(Action="kms:*")
ENABLED = {**USE_KEY, "Principal": {"AWS": ROOT}}


@pytest.mark.parametrize(
    ("identity", "key", "text"),
    [
        (policy(USE_KEY), policy(ENABLED), "kms:Decrypt allowed by Yes (identity policy)"),
        (policy(USE_KEY), policy(), "nothing allows kms:Decrypt"),
        (policy(), policy(ENABLED), "nothing allows kms:Decrypt"),
        (policy(), policy({**USE_KEY, "Principal": {"AWS": ROLE}}), "(key policy)"),
        (
            policy(USE_KEY),
            policy({**ENABLED, "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}),
            "nothing allows kms:Decrypt",
        ),
        (policy(USE_KEY), policy(ENABLED, deny(Action="kms:*", Principal="*")), "denied by No"),
        (policy(deny(Action="kms:*")), policy({**ENABLED, "Principal": {"AWS": ROLE}}), "denied"),
    ],
)
def test_a_keys_policy_has_the_first_word(
    identity: dict[str, Any], key: dict[str, Any], text: str
) -> None:
    assert text in str(decide_key(Request(ROLE, "kms:Decrypt", KEY), identity, key))
