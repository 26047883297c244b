"""Every ARN and endpoint of a stack is in the partition of its region."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.aws_location import AwsLocation, endpoint, managed_policy_arn, partition_of
from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate

ROOT = Path(__file__).resolve().parents[4]
COMPONENTS = ROOT / "components" / "stackyard"
STACKS = ("platform/foundation/prod", "platform/services/prod", "vision/defects/prod")
ARN = re.compile(r"arn:(aws[a-z-]*):[a-z0-9-]+:[^\"]*")
ENDPOINT = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?")


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (str(key), *texts(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


@pytest.fixture(scope="module", params=["us-gov-west-1", "cn-northwest-1"])
def made(request: Any, run: Any) -> tuple[str, dict[str, list[str]]]:
    """Return a region, and the texts of three stacks of the reference estate in that region."""
    region: str = request.param
    partition, estate = partition_of(region), Estate(ROOT)
    contracts: dict[str, Any] = {}
    found = {}
    for name in STACKS:
        stack = estate.one(name)
        loaded = estate.load(stack)
        written = json.dumps(loaded.effective).replace("eu-central-1", region)
        config = json.loads(written.replace("arn:aws:", f"arn:{partition}:"))
        program = catalogue.program(loaded.blueprint, stack, config, estate.upstreams(stack))
        done = run(program, contracts, partition)
        contracts[stack.reference] = done.contract
        found[name] = list(texts([list(done.inputs.values()), done.contract]))
    return region, found


def test_every_arn_is_in_the_partition_of_the_region(made: Any) -> None:
    region, found = made
    for stack, every in found.items():
        arns = [(match[0], match[1]) for text in every for match in ARN.finditer(text)]
        assert len(arns) > (2 if "services" in stack else 100), stack
        assert [arn for arn, partition in arns if partition != partition_of(region)] == []


def test_endpoints_of_a_region_are_in_the_domain_of_its_partition(made: Any) -> None:
    region, found = made
    regional = {
        match[0]
        for every in found.values()
        for text in every
        for match in ENDPOINT.finditer(text)
        if f".{region}." in match[0]
    }
    assert endpoint("s3", region) in regional
    assert endpoint("secretsmanager", region) in regional
    wanted = ".amazonaws.com.cn" if region == "cn-northwest-1" else ".amazonaws.com"
    assert [host for host in regional if not host.endswith(wanted)] == []


def test_no_component_writes_a_partition() -> None:
    written = re.compile(r"arn:aws(-us-gov|-cn)?:")
    for path in sorted(COMPONENTS.rglob("*.py")):
        assert not written.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-central-1", "arn:aws:"),
        ("us-gov-east-1", "arn:aws-us-gov:"),
        ("cn-northwest-1", "arn:aws-cn:"),
    ],
)
def test_arns_name_what_their_service_asks_for(region: str, expected: str) -> None:
    here = AwsLocation("123456789012", region)
    assert here.arn("sns", "t") == f"{expected}sns:{region}:123456789012:t"
    assert here.global_arn("iam", "role/r") == f"{expected}iam::123456789012:role/r"
    assert managed_policy_arn("A", region) == f"{expected}iam::aws:policy/A"
