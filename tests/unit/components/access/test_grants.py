"""What the grants compile to, told by the decisions that follow from the documents."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.access.config import AccessConfig
from stackyard.access.evaluator import Request, decide, may_assume
from stackyard.access.grants import Compiled, GrantContext, compiled
from stackyard.access.matrix import ACTIONS, ELSEWHERE, key_of, matrix, paths, through_access_point
from stackyard.access.posix import file_system_policy
from stackyard.bucket.policies import bucket_policy
from stackyard.datasets.config import DatasetConfig
from stackyard.namespace.rbac import RULES
from stackyard_sandbox.cloud.strictness.policy_principals import principals

ROOT = "arn:aws:iam::123456789012:root"
VENDOR = "arn:aws:iam::210987654321:role/annotators"
SEE = {"list", "read"}
USE = {"list", "read", "write", "delete"}

EXPECTED: dict[tuple[str, str, str], set[str]] = {
    **{("scientist", "photos", path): SEE for path in ("incoming", "archive", "dvc", ELSEWHERE)},
    **{("scientist", "labelled", path): SEE for path in ("to-label", "dvc", ELSEWHERE)},
    ("scientist", "labelled", "work"): USE,
    **{("scientist", "faces", path): USE for path in ("crops", "dvc", ELSEWHERE)},
    ("labelling-vendor", "labelled", "to-label"): USE,
    **{("trainer", "photos", path): SEE for path in ("incoming", "archive", "dvc", ELSEWHERE)},
    **{("trainer", "labelled", path): SEE for path in ("to-label", "work", "dvc", ELSEWHERE)},
    **{("trainer", "faces", path): SEE for path in ("crops", "dvc", ELSEWHERE)},
}
"""What is allowed; everything else is not."""


def test_the_whole_matrix(
    documents: Compiled, datasets: dict[str, DatasetConfig], context: GrantContext
) -> None:
    found: dict[tuple[str, str, str], set[str]] = {}
    cells = list(matrix(documents, datasets, context))
    for cell in cells:
        if cell.decision.allowed:
            found.setdefault((cell.who, cell.dataset, cell.directory), set()).add(cell.verb)
    assert found == EXPECTED
    per_role = sum(len(paths(dataset)) for dataset in datasets.values()) * len(ACTIONS)
    assert len(cells) == per_role * len(documents.roles)


def test_each_cell_names_the_statement_that_decides(
    documents: Compiled, datasets: dict[str, DatasetConfig], context: GrantContext
) -> None:
    reasons = {
        (cell.who, cell.directory, cell.verb): str(cell.decision)
        for cell in matrix(documents, datasets, context)
        if cell.dataset == "labelled"
    }
    vendor = "labelling-vendor"
    assert reasons[vendor, "to-label", "read"] == "allowed by UseLabelled (identity policy)"
    assert reasons[vendor, "work", "read"] == "denied by FenceLabellingVendor (resource policy)"
    assert reasons[vendor, ELSEWHERE, "list"].startswith("denied by FenceLabellingVendorList")
    assert reasons["business", "work", "read"] == "nothing allows it"


def test_the_denial_holds_whatever_else_is_attached_to_the_role(
    documents: Compiled, context: GrantContext
) -> None:
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    role = documents.roles["labelling-vendor"].arn
    for dataset, bucket in context.buckets.items():
        policy = bucket_policy(bucket, "arn:key", documents.bucket_statements[dataset])
        for key in ("work/a", "to-label-old/a", "a"):
            asked = Request(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
            assert not decide(asked, everything, policy).allowed, (dataset, key)
        for keys in ({}, {"s3:prefix": ""}, {"s3:prefix": "to-label"}):
            asked = Request(role, "s3:ListBucket", f"arn:aws:s3:::{bucket}", keys)
            assert not decide(asked, everything, policy).allowed, (dataset, keys)


def test_no_other_role_is_denied(documents: Compiled, context: GrantContext) -> None:
    policy = bucket_policy("bucket-labelled", "arn:key", documents.bucket_statements["labelled"])
    role = documents.roles["scientist"]
    asked = Request(role.arn, "s3:GetObject", "arn:aws:s3:::bucket-labelled/a")
    assert decide(asked, role.policy, policy).allowed


@pytest.mark.parametrize(
    ("point", "directory", "expected"),
    [
        ("labelling-vendor-labelled", "to-label", True),
        ("labelling-vendor-labelled", "work", False),
        ("labelling-vendor-labelled", ELSEWHERE, False),
        ("scientist-labelled", "work", True),
    ],
)
def test_access_points_open_the_granted_directory_only(
    documents: Compiled,
    datasets: dict[str, DatasetConfig],
    context: GrantContext,
    point: str,
    directory: str,
    expected: bool,
) -> None:
    door = documents.access_points[point]
    key = key_of(datasets[door.dataset], context)
    for verb in ("list", "read", "write"):
        decision = through_access_point(documents, door, verb, directory, key)
        assert decision.allowed is expected, verb


def test_without_the_datasets_key_nothing_is_read_or_written(
    documents: Compiled, datasets: dict[str, DatasetConfig], context: GrantContext
) -> None:
    role = documents.roles["scientist"]
    keyless = [one for one in role.policy["Statement"] if not one["Sid"].startswith("UseKey")]
    policy = {**role.policy, "Statement": keyless}
    roles = {**documents.roles, "scientist": dataclasses.replace(role, policy=policy)}
    changed = dataclasses.replace(documents, roles=roles)
    found = {
        cell.verb: str(cell.decision)
        for cell in matrix(changed, datasets, context)
        if (cell.who, cell.dataset, cell.directory) == ("scientist", "faces", "crops")
    }
    assert found == {
        "list": "allowed by ListWriteDatasets (identity policy)",
        "read": "nothing allows kms:Decrypt",
        "write": "nothing allows kms:GenerateDataKey",
        "delete": "allowed by WriteDatasets (identity policy)",
        "erase": "nothing allows it",
    }


def test_keys_are_used_through_s3_and_for_the_granted_buckets_only(documents: Compiled) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/data"
    role = documents.roles["labelling-vendor"]
    through = {
        "kms:ViaService": "s3.eu-central-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::bucket-labelled",
    }

    def may(**context: str) -> bool:
        asked = Request(role.arn, "kms:Decrypt", key, {**through, **context})
        return decide(asked, role.policy).allowed

    assert may()
    assert not may(**{"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::bucket-photos"})
    assert not may(**{"kms:ViaService": "ec2.eu-central-1.amazonaws.com"})
    assert not decide(Request(role.arn, "kms:Decrypt", key), role.policy).allowed


def test_the_auditor_reads_how_things_are_set_up_and_not_what_is_in_them(
    documents: Compiled, context: GrantContext
) -> None:
    role = documents.roles["auditor"]

    def may(action: str, resource: str) -> bool:
        return decide(Request(role.arn, action, resource), role.policy).allowed

    assert may("s3:GetLifecycleConfiguration", "arn:aws:s3:::bucket-faces")
    assert may("s3:GetObject", "arn:aws:s3:::bucket-logs/a")
    assert not may("s3:GetObject", "arn:aws:s3:::bucket-faces/a")
    assert not may("s3:PutLifecycleConfiguration", "arn:aws:s3:::bucket-faces")


def test_a_vendor_takes_its_role_with_its_external_id_for_an_hour(documents: Compiled) -> None:
    role = documents.roles["labelling-vendor"]
    assert role.session_seconds == 3600
    assert may_assume(role.trust, VENDOR, "labels-2026").allowed
    assert not may_assume(role.trust, VENDOR, "labels-2025").allowed
    assert not may_assume(role.trust, VENDOR).allowed
    other = "arn:aws:iam::210987654321:role/somebody"
    assert not may_assume(role.trust, other, "labels-2026").allowed
    assert not may_assume(role.trust, "arn:aws:iam::123456789012:role/x", "labels-2026").allowed


def test_people_are_trusted_by_pattern_and_accounts_as_a_whole(documents: Compiled) -> None:
    role = documents.roles["scientist"]
    assert role.session_seconds == 8 * 3600
    sids = {statement["Sid"]: statement for statement in role.trust["Statement"]}
    assert sids["AssumeByName"]["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::123456789012:role/people/scientist-*"]}
    }
    assert "Condition" not in sids["AssumeByAccount"]


def test_pods_take_their_roles_by_pod_identity(documents: Compiled) -> None:
    for who in ("trainer", "server"):
        (statement,) = documents.roles[who].trust["Statement"]
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert documents.roles["server"].policy["Statement"] == []


def test_documents_fit_into_what_iam_and_s3_take(documents: Compiled) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    for role in documents.roles.values():
        assert len(json.dumps(role.policy)) < 10_240
        assert len(json.dumps(role.trust)) < 2_048
        sids = [statement["Sid"] for statement in role.policy["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)
    for point in documents.access_points.values():
        assert 3 <= len(point.name) <= 50


def test_s3_need_not_see_a_role_to_take_the_policy_of_its_access_point(
    documents: Compiled,
) -> None:
    for point in documents.access_points.values():
        named = set(principals(point.policy))
        assert named == {ROOT}
        for statement in point.policy["Statement"]:
            condition = statement["Condition"]["ArnEquals"]
            assert condition == {"aws:PrincipalArn": documents.roles[point.who].arn}


def test_no_statement_allows_with_a_wildcard_action_or_a_whole_account(
    documents: Compiled,
) -> None:
    for role in documents.roles.values():
        for statement in role.policy["Statement"]:
            assert not any("*" in action for action in statement["Action"])
            assert "*" not in statement["Resource"]


def refusal(section: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        AccessConfig.model_validate(section)
    return str(caught.value)


OUTSIDER = {"trusted": [VENDOR], "external_id": "labels-2026", "directories": {"a1": ["b"]}}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"audiences": {"painter": {"trusted": [ROOT]}}}, "'scientist', 'labelling-vendor'"),
        ({"audiences": {"scientist": {"trusted": []}}}, "at least 1 item"),
        ({"audiences": {"scientist": {"trusted": ["*"]}}}, "match pattern"),
        ({"audiences": {"scientist": {"trusted": [ROOT], "session_hours": 13}}}, "equal to 12"),
        (
            {"audiences": {"scientist": {"trusted": [ROOT], "datasets": {"*": "own"}}}},
            "'read' or 'write'",
        ),
        (
            {"audiences": {"labelling-vendor": {"trusted": [VENDOR]}}},
            "it needs `external_id`",
        ),
        (
            {"audiences": {"labelling-vendor": {**OUTSIDER, "datasets": {"*": "read"}}}},
            "grant it `directories`, not `datasets`",
        ),
        (
            {"audiences": {"labelling-vendor": {**OUTSIDER, "session_hours": 2}}},
            "`session_hours` must be 1",
        ),
        (
            {"shared": {"tmp": {"members": ["scientist"], "uid": 1000, "gid": 1000}}},
            "shared.tmp.members: `members` has `scientist`, which `audiences` lacks",
        ),
        (
            {"shared": {"tmp": {"members": ["trainer"], "uid": 0, "gid": 1000}}},
            "greater than or equal to 1000",
        ),
        (
            {"shared": {"tmp": {"members": ["trainer"], "uid": 1000, "gid": 1000, "mode": "4777"}}},
            "match pattern",
        ),
    ],
)
def test_impossible_grants_are_refused(section: dict[str, Any], message: str) -> None:
    assert message in refusal(section)


def test_a_name_goes_before_the_star(
    datasets: dict[str, DatasetConfig], context: GrantContext
) -> None:
    grants = {"trusted": [ROOT], "datasets": {"*": "write", "faces": "read"}}
    access = AccessConfig.model_validate({"audiences": {"pipeline": grants}})
    role = compiled(access, datasets, context).roles["pipeline"]

    def may(bucket: str) -> bool:
        asked = Request(role.arn, "s3:PutObject", f"arn:aws:s3:::{bucket}/a")
        return decide(asked, role.policy).allowed

    assert may("bucket-photos")
    assert not may("bucket-faces")


def test_files_are_mounted_by_tls_and_by_the_own_access_point_only() -> None:
    shared = {
        "scratch": {"members": ["trainer"], "uid": 1000, "gid": 1000},
        "models": {"members": ["server"], "uid": 1001, "gid": 1001},
    }
    directories = AccessConfig.model_validate({"shared": shared}).shared
    system, points = "arn:efs", {"scratch": "arn:point/1", "models": "arn:point/2"}
    roles = {
        "trainer": "arn:aws:iam::123456789012:role/trainer",
        "server": "arn:aws:iam::123456789012:role/server",
    }
    driver = "arn:aws:iam::123456789012:role/platform-foundation-dev-efs-mounts"
    policy = file_system_policy(system, directories, points, roles, driver)

    def may(who: str, **context: str) -> bool:
        asked = Request(roles[who], "elasticfilesystem:ClientMount", system, context)
        return decide(asked, {}, policy).allowed

    key = "elasticfilesystem:AccessPointArn"
    assert may("trainer", **{key: "arn:point/1"})
    assert not may("trainer", **{key: "arn:point/2"})
    assert not may("trainer")
    assert not may("trainer", **{key: "arn:point/1", "aws:SecureTransport": "false"})
    for point, allowed in (("arn:point/1", True), ("arn:point/9", False)):
        asked = Request(driver, "elasticfilesystem:ClientMount", system, {key: point})
        assert decide(asked, {}, policy).allowed is allowed
    root = Request(
        roles["trainer"], "elasticfilesystem:ClientRootAccess", system, {key: "arn:point/1"}
    )
    assert not decide(root, {}, policy).allowed


def test_only_delivery_changes_deployments_and_nobody_reads_secrets() -> None:
    changes = {
        audience
        for audience, rules in RULES.items()
        for rule in rules
        if "deployments" in rule["resources"] and set(rule["verbs"]) - {"get", "list", "watch"}
    }
    assert changes == {"delivery"}
    for rules in RULES.values():
        for rule in rules:
            assert "secrets" not in rule["resources"]
            assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]


def test_a_role_of_pods_trusts_one_service_account_in_one_cluster_only(
    documents: Compiled,
) -> None:
    (statement,) = documents.roles["trainer"].trust["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": (
                "arn:aws:eks:eu-central-1:123456789012:cluster/platform-foundation-dev"
            ),
            "aws:RequestTag/kubernetes-namespace": "vision-defects-dev",
            "aws:RequestTag/kubernetes-service-account": "trainer",
        }
    }
