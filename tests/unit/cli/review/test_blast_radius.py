"""Which steps lose data or keys, and which consents let them go on."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from stackyard.blueprints.waiver import Waiver
from stackyard_cli.engine.messages import Step
from stackyard_cli.review.blast_radius import losses, losses_of_destroy, unwaived

BUCKET, KEY, ROLE = "aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:iam/role:Role"


def step(operation: str, kind: str = BUCKET, name: str = "photos", **more: Any) -> Step:
    return Step("start", f"urn:pulumi:dev::p::{kind}::{name}", kind, operation, **more)


def waiver(resource: str) -> Waiver:
    return Waiver(
        resource=resource,
        reason="the trial is over",
        owner="a@b.example",
        expires=datetime.date(2026, 12, 31),
    )


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        (step("delete"), True),
        (step("replace"), True),
        (step("create-replacement"), True),
        (step("delete", KEY), True),
        (step("delete", retained=True), True),
        (step("update"), False),
        (step("create"), False),
        (step("same"), False),
        (step("delete", ROLE), False),
        (step("replace", "kubernetes:apps/v1:Deployment"), False),
        (step("delete", custom=False), False),
    ],
)
def test_a_loss_is_data_or_keys_deleted_or_replaced(found: Step, lost: bool) -> None:
    assert bool(losses([found])) is lost


def test_a_loss_says_what_goes_why_and_whether_it_stays_in_the_cloud() -> None:
    [replaced] = losses([step("replace", replace_keys=("bucket",))])
    assert str(replaced) == f"stateful {BUCKET} `photos` would be replaced because of bucket"
    [kept] = losses([step("delete", KEY, retained=True)])
    assert str(kept) == f"key {KEY} `photos` would be deleted, kept in the cloud"


@pytest.mark.parametrize(
    ("resource", "goes_on"),
    [
        ("photos", True),
        (f"{BUCKET}::photos", True),
        (f"urn:pulumi:dev::p::{BUCKET}::photos", True),
        ("photo", False),
        ("photos-bucket", False),
        (f"{KEY}::photos", False),
        ("*", False),
    ],
)
def test_a_waiver_names_one_resource_and_no_other(resource: str, goes_on: bool) -> None:
    found = losses([step("delete")])
    names = Waiver.model_construct(**{**waiver("photos").__dict__, "resource": resource})
    assert (unwaived(found, [names]) == []) is goes_on


def test_one_waiver_leaves_the_other_loss() -> None:
    found = losses([step("delete"), step("delete", name="labels")])
    assert [loss.name for loss in unwaived(found, [waiver("photos")])] == ["labels"]


def test_a_destroy_loses_what_is_not_kept() -> None:
    resources = [
        {"urn": f"urn:pulumi:dev::p::{kind}::{name}", "type": kind, "custom": True, **more}
        for kind, name, more in (
            (BUCKET, "gone", {}),
            (BUCKET, "kept", {"retainOnDelete": True}),
            (ROLE, "role", {}),
        )
    ]
    assert [loss.name for loss in losses_of_destroy(resources)] == ["gone"]
