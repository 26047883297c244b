"""Orphaned resources: kept or not, and their cost; an unknown price is never zero."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.budget.prices import prices_of
from stackyard.naming import StackId
from stackyard_cli.inventory.census import TaggedResource
from stackyard_cli.inventory.orphans import Orphan, Orphans, Retained, classified, total
from stackyard_cli.inventory.sweep import in_cluster, unseen

STACK = StackId("vision", "defects", "dev")
PRICES = prices_of("eu-central-1")
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
DATABASE = "arn:aws:rds:eu-central-1:123456789012:db:one"


def found(kind: str, name: str = "one", arn: str = KEY) -> TaggedResource:
    return TaggedResource(arn, f"{kind}::{name}")


def resource(kind: str, name: str = "one", **more: Any) -> dict[str, Any]:
    return {"type": kind, "urn": f"urn:pulumi:dev::vision.defects::{kind}::{name}", **more}


def orphan(one: TaggedResource, *, retain: bool = False, before: Any = ()) -> Orphan:
    return classified(str(STACK), one, Retained(retain, before), PRICES)


@pytest.mark.parametrize(
    ("kind", "retain", "kept", "verdict"),
    [
        ("aws:kms/key:Key", True, None, "retained"),
        ("aws:kms/key:Key", False, None, "unexpected"),
        ("aws:iam/role:Role", True, None, "unexpected"),
        ("aws:kms/key:Key", False, True, "retained"),
        ("aws:s3/bucket:Bucket", True, False, "retained"),
    ],
)
def test_kept_is_what_the_stage_or_the_last_state_keeps(
    kind: str, retain: bool, kept: bool | None, verdict: str
) -> None:
    before = [] if kept is None else [resource(kind, retainOnDelete=kept)]
    assert orphan(found(kind), retain=retain, before=before).verdict == verdict


def test_what_has_no_resource_tag_is_unexpected_and_of_unknown_cost() -> None:
    volume = orphan(
        TaggedResource("arn:aws:ec2:eu-central-1:123456789012:volume/vol-1", None), retain=True
    )
    assert (volume.verdict, volume.type, volume.name) == ("unexpected", "ec2:volume", "vol-1")
    assert (volume.floor, volume.ceiling, volume.data_class) == (None, None, None)


def test_a_snapshot_is_not_the_database_whose_tags_it_carries() -> None:
    arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:one-final"
    final = orphan(found("aws:rds/instance:Instance", arn=arn))
    assert (final.verdict, final.data_class, final.type) == ("retained", "stateful", "rds:snapshot")
    assert (final.name, final.floor) == ("one-final", None)


def test_costs() -> None:
    assert orphan(found("aws:kms/key:Key")).floor == 1.0
    assert orphan(found("aws:iam/role:Role")).floor == 0.0
    bucket = orphan(found("aws:s3/bucket:Bucket"))
    assert (bucket.floor, bucket.cost) == (None, "by use (object storage and requests)")
    endpoint = orphan(found("aws:ec2/vpcEndpoint:VpcEndpoint"))
    assert (endpoint.floor, endpoint.cost) == (None, "not known: its size is in no state")
    other = orphan(found("aws:opensearch/domain:Domain"))
    assert other.floor is None
    assert "aws:opensearch/domain:Domain" in other.cost


def test_a_size_comes_from_the_last_good_state() -> None:
    kind = "aws:rds/instance:Instance"
    inputs = {"engine": "postgres", "instanceClass": "db.t4g.micro", "allocatedStorage": 20}
    known = orphan(found(kind, arn=DATABASE), before=[resource(kind, inputs=inputs)])
    assert known.floor == pytest.approx(0.018 * 730 + 20 * 0.137, abs=0.01)
    huge = {**inputs, "instanceClass": "db.x9.huge"}
    unknown = orphan(found(kind, arn=DATABASE), before=[resource(kind, inputs=huge)])
    assert (unknown.floor, "db.x9.huge" in unknown.cost) == (None, True)


def test_a_total_counts_what_it_does_not_know() -> None:
    key, bucket = orphan(found("aws:kms/key:Key")), orphan(found("aws:s3/bucket:Bucket"))
    assert total([key, key]) == "2.00 USD a month"
    assert total([key, bucket]) == "1.00 USD a month and 1 of unknown cost or by use"
    assert total([bucket]) == "1 of unknown cost or by use"


def test_a_namespace_and_its_volumes_are_left_in_a_cluster() -> None:
    def volume(name: str, namespace: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"claimRef": {"namespace": namespace}}}

    items = [volume("a", "vision-defects-dev"), volume("b", "other"), {"metadata": {}, "spec": {}}]
    answers: dict[str, Any] = {
        "/api/v1/namespaces/vision-defects-dev": {},
        "/api/v1/persistentvolumes": {"items": items},
    }
    left = list(in_cluster(STACK, answers.get))
    assert [one.arn for one in left] == ["namespace/vision-defects-dev", "volume/a"]
    assert [orphan(one).floor for one in left] == [0.0, None], "a volume costs by what is in it"
    assert list(in_cluster(STACK, lambda path: None)) == []


def test_what_no_search_finds_is_named() -> None:
    trail, role = resource("aws:cloudtrail/trail:Trail"), resource("aws:iam/role:Role")
    assert unseen([role, trail, trail]) == ["aws:cloudtrail/trail:Trail"]


def test_a_search_is_summed_up_by_verdict_and_says_what_it_could_not_search() -> None:
    kept = orphan(found("aws:kms/key:Key"), retain=True)
    stray = orphan(found("aws:iam/role:Role"))
    orphans = Orphans([kept, stray], not_seen=["vision/defects/dev: its namespace"])
    assert orphans.unexpected == [stray]
    assert orphans.lines() == [
        "1 retained: 1.00 USD a month",
        "1 unexpected: 0.00 USD a month",
        "not searched: vision/defects/dev: its namespace",
    ]
    assert Orphans().lines() == []
