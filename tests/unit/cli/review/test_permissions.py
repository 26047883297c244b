"""New permissions of a change, as sets of grants over a stack."""

from __future__ import annotations

import json
from typing import Any

from stackyard_cli.engine.messages import Step
from stackyard_cli.review.permissions import UNKNOWN, new_permissions

POLICY = "aws:iam/rolePolicy:RolePolicy"
BUCKET = "arn:aws:s3:::photos"


def statement(*actions: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": [BUCKET], **more}


def policy(*statements: dict[str, Any], role: str = "scientist") -> dict[str, Any]:
    return {"role": role, "policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}


def step(before: Any, after: Any, *, kind: str = POLICY, name: str = "grants") -> Step:
    operation = "create" if before is None else "delete" if after is None else "update"
    urn = f"urn:pulumi:dev::vision.defects::{kind}::{name}"
    return Step("done", urn, kind, operation, granted_before=before, granted_after=after)


def added(*steps: Step) -> list[str]:
    return [str(one) for one in new_permissions(steps).added]


def test_only_what_was_not_there_is_new() -> None:
    before = policy(statement("s3:GetObject", "s3:ListBucket", Sid="Old"))
    after = policy(statement("s3:ListBucket", "s3:PutObject", "s3:GetObject", Sid="New"))
    assert added(step(before, after)) == [f"role scientist may s3:PutObject on {BUCKET}"]
    assert added(step(before, before)) == []
    assert added(step(after, before)) == []
    assert added(step(after, None)) == []


def test_a_narrower_statement_is_not_new_and_a_wider_one_is() -> None:
    wide = policy(statement("s3:*"))
    condition = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    narrow = policy(statement("s3:GetObject", Condition=condition))
    assert added(step(wide, narrow)) == []
    assert added(step(narrow, wide)) == [f"role scientist may s3:* on {BUCKET}"]
    assert len(added(step(narrow, policy(statement("s3:GetObject"))))) == 1, "a condition that goes"


def test_what_moves_between_policies_of_one_role_is_not_new() -> None:
    read = policy(statement("s3:GetObject"))
    assert added(step(read, None, name="one"), step(None, read, name="two")) == []
    other = policy(statement("s3:GetObject"), role="vendor")
    assert added(step(read, None, name="one"), step(None, other, name="two")) == [
        f"role vendor may s3:GetObject on {BUCKET}"
    ]


def test_a_denial_that_goes_is_told() -> None:
    kind = "aws:s3/bucketPolicy:BucketPolicy"
    deny = statement("s3:*", effect="Deny", Principal="*")
    before = {"policy": json.dumps({"Statement": [deny]})}
    [found] = new_permissions([step(before, {"policy": '{"Statement": []}'}, kind=kind)]).added
    assert (found.effect, found.actions) == ("Deny", ("s3:*",))
    assert "BucketPolicy grants by * is no longer denied s3:*" in str(found)
    limited = {"policy": json.dumps({"Statement": [statement("s3:*", effect="Deny")]})}
    assert added(step(limited, before, kind=kind)) != [], "another principal is denied instead"
    assert added(step(before, before, kind=kind)) == []


def test_trust_attachments_and_cluster_rules_count() -> None:
    role = "aws:iam/role:Role"
    root = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "one"}}
    wider = {**root, "Principal": {"AWS": ["one", "two"]}}
    before, after = ({"assumeRolePolicy": json.dumps({"Statement": s})} for s in (root, wider))
    assert 'by {"AWS":["one","two"]} may sts:AssumeRole' in added(step(before, after, kind=role))[0]
    attached = {"role": "scientist", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert added(step(None, attached, kind=kind)) == [
        "role scientist may policyArn=arn:aws:iam::aws:policy/AdministratorAccess"
    ]
    rules = "kubernetes:rbac.authorization.k8s.io/v1:Role"
    reading = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
    more = {"rules": [{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get"]}]}
    assert added(step(reading, more, kind=rules)) == ["Role grants may get on secrets"]


def test_what_no_preview_can_know_is_named_and_not_taken_for_nothing() -> None:
    before = policy(statement("s3:GetObject"))
    found = new_permissions([step(before, {"role": "scientist", "policy": UNKNOWN})])
    assert (found.added, found.unknown) == ([], ["role scientist"])
    assert new_permissions([step(None, {"role": "x", "policy": "[secret]"})]).unknown == ["role x"]
