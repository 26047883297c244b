"""Bands from inputs, deltas of previews, and the budget that stops."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.budget.band import CALCULATORS, Priced, band
from stackyard.budget.config import BudgetConfig
from stackyard.budget.priced import FREE_PREFIXES, PRICED, USAGE
from stackyard.budget.prices import TABLES, Prices, prices_of
from stackyard_cli.bootstrap.permissions import TABLE
from stackyard_cli.engine.messages import Step
from stackyard_cli.review.cost import Cost, cost_of

PRICES = Prices(
    "eu-central-1",
    known={
        "ec2:m7i.xlarge": 0.2,
        "ec2:g5.xlarge": 1.0,
        "ec2:g5.2xlarge": 2.0,
        "eks:cluster": 0.1,
        "vpc:endpoint": 0.01,
        "rds:postgres:db.t4g.medium": 0.1,
        "rds:gp3": 0.1,
        "kms:key": 1.0,
    },
)
NODES = "aws:eks/nodeGroup:NodeGroup"
DATABASE = "aws:rds/instance:Instance"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


def pool(least: int, most: int, *types: str, **more: Any) -> dict[str, Any]:
    sizes = {"minSize": least, "maxSize": most, "desiredSize": least}
    return {"instanceTypes": list(types), "scalingConfig": sizes, **more}


NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"


def karpenter(*types: str, capacity: str = "on-demand", **spec: Any) -> dict[str, Any]:
    listed = {"node.kubernetes.io/instance-type": types, "karpenter.sh/capacity-type": [capacity]}
    requirements = [
        {"key": key, "operator": "In", "values": list(values)} for key, values in listed.items()
    ]
    return {"spec": {**spec, "template": {"spec": {"requirements": requirements}}}}


def database(**more: Any) -> dict[str, Any]:
    return {"engine": "postgres", "instanceClass": "db.t4g.medium", "allocatedStorage": 20, **more}


@pytest.mark.parametrize(
    ("kind", "inputs", "floor", "ceiling"),
    [
        (NODES, pool(1, 3, "m7i.xlarge"), 146.0, 438.0),
        (NODES, pool(0, 2, "g5.xlarge", "g5.2xlarge"), 0.0, 2920.0),
        (NODES, pool(1, 1, "g5.xlarge", "g5.2xlarge"), 730.0, 1460.0),
        (NODES, pool(1, 1, "g5.xlarge", capacityType="SPOT"), 73.0, 730.0),
        (NODE_POOL, karpenter("m7i.xlarge", limits={"cpu": "12", "memory": "48Gi"}), 0.0, 438.0),
        # Memory for one node only, whatever the cores.
        (NODE_POOL, karpenter("m7i.xlarge", limits={"cpu": "12", "memory": "16Gi"}), 0.0, 146.0),
        # Four GPUs at their dearest are four of the larger type.
        (
            NODE_POOL,
            karpenter("g5.xlarge", "g5.2xlarge", limits={"nvidia.com/gpu": "4", "cpu": "32"}),
            0.0,
            5840.0,
        ),
        # Cores for two of them.
        (
            NODE_POOL,
            karpenter("g5.2xlarge", limits={"nvidia.com/gpu": "4", "cpu": "16"}),
            0.0,
            2920.0,
        ),
        (
            NODE_POOL,
            karpenter("g5.xlarge", capacity="reserved", limits={"nvidia.com/gpu": "2"}),
            1460.0,
            1460.0,
        ),
        (NODE_POOL, karpenter("g5.xlarge", replicas=2, limits={"nodes": "3"}), 1460.0, 1460.0),
        ("aws:eks/cluster:Cluster", {}, 73.0, 73.0),
        ("aws:kms/key:Key", {}, 1.0, 1.0),
        (ENDPOINT, {"vpcEndpointType": "Interface", "subnetIds": ["a", "b", "c"]}, 21.9, 21.9),
        (ENDPOINT, {"vpcEndpointType": "Gateway"}, 0.0, 0.0),
        (DATABASE, database(), 75.0, 75.0),
        (DATABASE, database(maxAllocatedStorage=100), 75.0, 83.0),
        (DATABASE, database(multiAz=True), 150.0, 150.0),
    ],
)
def test_a_band_by_hand(kind: str, inputs: dict[str, Any], floor: float, ceiling: float) -> None:
    found = band([Priced(kind, "one", inputs)], PRICES)
    assert (found.floor, found.ceiling, found.unknown) == (floor, ceiling, [])


@pytest.mark.parametrize(
    ("kind", "inputs", "unknown"),
    [
        (NODES, pool(0, 1, "p5.48xlarge"), ["ec2:p5.48xlarge in eu-central-1"]),
        (NODES, {}, ["instance type of one"]),
        ("aws:ec2/natGateway:NatGateway", {}, ["vpc:nat in eu-central-1"]),
        (DATABASE, database(instanceClass="db.x2g.large"), ["rds:postgres:db.x2g.large in"]),
        ("aws:redshift/cluster:Cluster", {}, ["aws:redshift/cluster:Cluster"]),
    ],
)
def test_what_has_no_price_is_named(kind: str, inputs: dict[str, Any], unknown: list[str]) -> None:
    found = band([Priced(kind, "one", inputs)], PRICES).unknown
    assert len(found) == len(unknown)
    assert found[0].startswith(unknown[0])


def test_a_pool_with_one_known_type_still_names_the_other() -> None:
    found = band([Priced(NODES, "one", pool(1, 1, "m7i.xlarge", "p5.48xlarge"))], PRICES)
    assert (found.floor, found.unknown) == (146.0, ["ec2:p5.48xlarge in eu-central-1"])


def test_usage_and_what_is_free_are_told_apart() -> None:
    found = band(
        [Priced("aws:s3/bucket:Bucket", "b", {}), Priced("aws:iam/role:Role", "r", {})], PRICES
    )
    assert (found.usage, found.unknown) == (("Bucket: object storage and requests",), [])


def test_a_region_without_a_table_knows_nothing_and_costs_nothing_in_silence() -> None:
    found = band([Priced("aws:kms/key:Key", "k", {})], prices_of("ap-south-2"))
    assert (found.floor, found.unknown) == (0.0, ["kms:key in ap-south-2"])


def test_tables_agree_with_each_other() -> None:
    assert set(CALCULATORS) == set(PRICED)
    assert not set(PRICED) & set(USAGE)
    assert all(price > 0 for table in TABLES.values() for price in table.values())


def step(operation: str, before: Any, after: Any, kind: str = NODES, name: str = "one") -> Step:
    return Step("done", name, kind, operation, priced_before=before, priced_after=after)


def test_a_preview_tells_how_the_band_moves() -> None:
    small, large = pool(1, 2, "m7i.xlarge"), pool(2, 4, "m7i.xlarge")
    steps = [
        step("update", small, large),
        step("create", None, {}, "aws:kms/key:Key", "new"),
        step("delete", {}, None, "aws:eks/cluster:Cluster", "old"),
    ]
    cost = cost_of(steps, PRICES)
    assert (cost.before.floor, cost.after.floor) == (146.0 + 73.0, 292.0 + 1.0)
    assert cost.delta == (74.0, 220.0)
    assert "293.00 to 585.00 USD a month (+74.00 to +220.00)" in str(cost)


@pytest.mark.parametrize(
    ("limit", "block_on", "stops", "warns"),
    [
        (1000, "floor", False, False),
        (200, "floor", False, True),
        (100, "floor", True, False),
        (200, "ceiling", True, False),
        (1000, "ceiling", False, False),
    ],
)
def test_a_budget_stops_on_its_edge(limit: int, block_on: Any, stops: bool, warns: bool) -> None:
    budget = BudgetConfig(monthly_limit=limit, block_on=block_on)
    unchanged = pool(1, 3, "m7i.xlarge")
    cost: Cost = cost_of([step("same", unchanged, unchanged)], PRICES, budget)
    assert (bool(cost.stop), bool(cost.warning)) == (stops, warns)


@pytest.mark.parametrize("kind", sorted(TABLE))
def test_every_type_that_blueprints_make_has_a_price_or_is_free(kind: str) -> None:
    module, _, name = kind.partition(".")
    token = f"aws:{module.rstrip('_')}/{name[0].lower()}{name[1:]}:{name}"
    assert token in PRICED or token in USAGE or token.startswith(FREE_PREFIXES)
