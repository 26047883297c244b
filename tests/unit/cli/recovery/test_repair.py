"""The pure parts of recovering: ids from inputs and tags, repaired checkpoints, leftovers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import SECRET_KIND, SECRET_MARK, Checkpoint
from stackyard_cli.backend.pending import PendingChanges, PendingCreate, pending_changes
from stackyard_cli.inventory import ids
from stackyard_cli.inventory.census import TaggedResource
from stackyard_cli.recovery.recover import foreign, not_in_state
from stackyard_cli.recovery.repair import repaired, without

STACK_URN = "urn:pulumi:dev::a.b::pulumi:pulumi:Stack::a.b-dev"
PROVIDER_URN = "urn:pulumi:dev::a.b::pulumi:providers:aws::aws"
BUCKET = "aws:s3/bucket:Bucket"


def urn(name: str, kind: str = BUCKET) -> str:
    return f"urn:pulumi:dev::a.b::{kind}::{name}"


def thing(name: str, **facts: Any) -> dict[str, Any]:
    return {
        "urn": urn(name),
        "type": BUCKET,
        "custom": True,
        "provider": f"{PROVIDER_URN}::p-1",
        "inputs": {"bucket": name},
        "parent": STACK_URN,
        **facts,
    }


def checkpoint(
    *resources: dict[str, Any], pending: list[dict[str, Any]] | None = None
) -> Checkpoint:
    base = [
        {"urn": STACK_URN, "type": "pulumi:pulumi:Stack", "custom": False},
        {"urn": PROVIDER_URN, "type": "pulumi:providers:aws", "custom": True, "id": "p-1"},
    ]
    latest = {"resources": [*base, *resources], "pending_operations": pending or []}
    data = json.dumps({"version": 3, "checkpoint": {"latest": latest}})
    return Checkpoint(data.encode(), "a/b/dev")


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("aws:s3/bucket:Bucket", {"bucket": "data"}, "data"),
        ("aws:iam/role:Role", {"name": "reader"}, "reader"),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "reader", "name": "p"}, "reader:p"),
        ("aws:eks/addon:Addon", {"clusterName": "c", "addonName": "coredns"}, "c:coredns"),
        ("aws:iam/role:Role", {"name": {SECRET_MARK: SECRET_KIND, "ciphertext": "x"}}, None),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "reader"}, None),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": "reader"}, None),
    ],
)
def test_ids_from_inputs(kind: str, inputs: dict[str, Any], expected: str | None) -> None:
    assert ids.aws_id(kind, inputs, lambda _: None) == expected


@pytest.mark.parametrize(
    ("kind", "arn", "expected"),
    [
        ("aws:ec2/vpc:Vpc", "arn:aws:ec2:eu-central-1:1:vpc/vpc-1", "vpc-1"),
        ("aws:kms/key:Key", "arn:aws:kms:eu-central-1:1:key/abc", "abc"),
        (
            "aws:sns/topic:Topic",
            "arn:aws:sns:eu-central-1:1:alarms",
            "arn:aws:sns:eu-central-1:1:alarms",
        ),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            "arn:aws:logs:eu:1:log-group:/a/b:*",
            "/a/b",
        ),
        ("aws:ecr/repository:Repository", "arn:aws:ecr:eu-central-1:1:repository/a/b", "a/b"),
        ("aws:eks/nodeGroup:NodeGroup", "arn:aws:eks:eu-central-1:1:nodegroup/c/g/uuid", "c:g"),
    ],
)
def test_ids_from_arns(kind: str, arn: str, expected: str) -> None:
    assert ids.id_of_arn(kind, arn, TaggedResource(arn, None).last) == expected


def test_kubernetes_ids() -> None:
    assert ids.kubernetes_id({"metadata": {"name": "a", "namespace": "n"}}) == "n/a"
    assert ids.kubernetes_id({"metadata": {"name": "n"}}) == "n"
    assert ids.kubernetes_id({}) is None
    release = {"chart": "oci://x.test/a", "name": "a", "namespace": "n", "values": {}}
    assert ids.kubernetes_id(release) == "n/a"


def test_a_found_create_is_adopted_and_nothing_stays_pending() -> None:
    before = checkpoint(pending=[{"type": "creating", "resource": thing("data")}])
    pending = pending_changes(before, Path("/nowhere"), "a-b-dev")
    deployment, adopted, unplaced = repaired(before, pending, {urn("data"): "data"})
    held = deployment["deployment"]["resources"][-1]
    assert (held["urn"], held["id"], held["outputs"]) == (urn("data"), "data", {"bucket": "data"})
    assert adopted == [urn("data")]
    assert unplaced == []
    assert "pending_operations" not in deployment["deployment"]
    assert before.pending, "the checkpoint that was read is left as it is"


def test_a_create_that_is_not_found_is_forgotten() -> None:
    before = checkpoint(pending=[{"type": "creating", "resource": thing("data")}])
    pending = pending_changes(before, Path("/nowhere"), "a-b-dev")
    deployment, adopted, _ = repaired(before, pending, {})
    assert adopted == []
    assert len(deployment["deployment"]["resources"]) == 2


def test_in_a_replacement_the_old_one_makes_way() -> None:
    old = thing("data", id="data-1")
    before = checkpoint(old, pending=[{"type": "creating", "resource": thing("data")}])
    pending = pending_changes(before, Path("/nowhere"), "a-b-dev")
    deployment, _, _ = repaired(before, pending, {urn("data"): "data-2"})
    both = [r for r in deployment["deployment"]["resources"] if r["urn"] == urn("data")]
    assert [(r["id"], r.get("delete", False)) for r in both] == [
        ("data-1", True),
        ("data-2", False),
    ]


def test_what_only_a_lost_provider_could_manage_is_not_placed() -> None:
    before = checkpoint()
    create = PendingCreate(
        thing("data", provider="urn:pulumi:dev::a.b::pulumi:providers:aws::other::x")
    )
    _, adopted, unplaced = repaired(before, PendingChanges([create]), {urn("data"): "data"})
    assert adopted == []
    assert unplaced == [create]


def test_dependencies_and_parents_that_are_not_held_are_left_out() -> None:
    lost = thing("data", parent=urn("gone"), dependencies=[urn("gone"), PROVIDER_URN])
    deployment, _, _ = repaired(
        checkpoint(), PendingChanges([PendingCreate(lost)]), {urn("data"): "data"}
    )
    held = deployment["deployment"]["resources"][-1]
    assert (held["parent"], held["dependencies"]) == (STACK_URN, [PROVIDER_URN])


def test_leftovers_are_what_no_id_and_no_arn_accounts_for() -> None:
    arn = "arn:aws:sns:eu-central-1:1:alarms"
    state = checkpoint(thing("data", id="data"), thing("alarms", id="x", outputs={"arn": arn}))
    found = [
        TaggedResource("arn:aws:s3:::data", "l"),
        TaggedResource(arn, "l"),
        TaggedResource("vpc-9", "aws:ec2/vpc:Vpc::v"),
    ]
    assert not_in_state(state, found) == ["vpc-9 (aws:ec2/vpc:Vpc::v)"]


def test_another_stacks_thing_of_the_same_name_is_not_kept() -> None:
    ours = thing("ours", id="1", outputs={"tagsAll": {"stackyard:stack": "aa/bb/dev"}})
    theirs = thing("theirs", id="2", outputs={"tagsAll": {"stackyard:stack": "cc/dd/dev"}})
    untagged = thing("untagged", id="3", outputs={})
    state = checkpoint(ours, theirs, untagged)
    adopted = [urn("ours"), urn("theirs"), urn("untagged")]
    assert foreign(state, adopted, StackId("aa", "bb", "dev")) == [urn("theirs")]
    left = without(state, {urn("theirs")})["deployment"]["resources"]
    assert [resource.get("id") for resource in left] == [None, "p-1", "1", "3"]
