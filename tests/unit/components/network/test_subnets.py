from __future__ import annotations

from ipaddress import IPv4Network, ip_address, ip_network
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from pydantic import ValidationError

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.kubernetes import manifest
from stackyard.limits import regions
from stackyard.namespace.objects import network_policies
from stackyard.network import needs, subnets
from stackyard.network.config import NetworkConfig

ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")


@st.composite
def ranges(draw: st.DrawFn) -> IPv4Network:
    prefix = draw(st.integers(subnets.LARGEST_PREFIX, subnets.SMALLEST_PREFIX))
    place = draw(st.integers(0, 2 ** (prefix - 8) - 1))
    first = int(IPv4Network("10.0.0.0/8").network_address)
    return IPv4Network((first + place * 2 ** (32 - prefix), prefix))


@given(ranges(), st.integers(2, 3))
def test_subnets_lie_in_the_range_and_never_overlap(network: IPv4Network, count: int) -> None:
    plan = subnets.plan(str(network), ZONES[:count])
    parts = [IPv4Network(text) for zone in plan for text in (zone.private, zone.public)]
    assert len(parts) == 2 * count
    assert all(part.subnet_of(network) for part in parts)
    assert not any(one.overlaps(other) for one, other in combinations(parts, 2))


@given(ranges())
def test_a_third_zone_moves_nothing(network: IPv4Network) -> None:
    assert subnets.plan(str(network), ZONES)[:2] == subnets.plan(str(network), ZONES[:2])


def test_each_private_subnet_is_a_quarter() -> None:
    plan = subnets.plan("10.20.0.0/16", ZONES)
    assert [zone.private for zone in plan] == ["10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18"]
    assert [zone.public for zone in plan] == [
        "10.20.255.240/28",
        "10.20.255.224/28",
        "10.20.255.208/28",
    ]


def test_zones_by_number_and_by_name() -> None:
    assert subnets.zone_names("eu-central-1", 2) == ZONES[:2]
    assert subnets.zone_names("ca-central-1", ["ca-central-1a", "ca-central-1d"]) == (
        "ca-central-1a",
        "ca-central-1d",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cidr": "10.0.0.0/24"}, r"is /16 to /22, because every pod takes an address \(got /24\)"),
        ({"cidr": "10.0.0.0/8"}, "is /16 to /22"),
        ({"cidr": "10.0.0.1/16"}, "has host bits set"),
        ({"cidr": "300.0.0.0/16"}, "not an IPv4 range"),
        ({"cidr": "8.8.0.0/16"}, "private range"),
        ({"zones": 4}, "zones"),
        ({"zones": ["eu-central-1a"]}, "two or three different zones"),
        ({"zones": ["eu-central-1a", "eu-central-1a"]}, "listed twice"),
        ({"nat": "none"}, "add to `interface_endpoints`: ec2, eks, eks-auth, logs, sqs, ssm"),
        (
            # With these alone nodes join, and nothing else works.
            {
                "nat": "none",
                "interface_endpoints": ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"],
            },
            r"Karpenter starts nodes: sqs, ssm; the log shipper sends lines: logs",
        ),
        ({"interface_endpoints": ["s4"]}, "interface_endpoints"),
    ],
)
def test_impossible_networks_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        NetworkConfig.model_validate(changes)


def test_shared_space_and_a_closed_network_are_possible() -> None:
    every = needs.missing(needs.EVERY_STAGE, ())
    config = NetworkConfig.model_validate(
        {"cidr": "100.64.0.0/18", "nat": "none", "interface_endpoints": every}
    )
    assert config.nat == "none"


@pytest.mark.parametrize(
    ("region", "zones", "message"),
    [
        ("us-west-1", 2, "an account has only 2 of the zones"),
        ("us-west-1", 3, "an account has only 2 of the zones"),
        ("ca-central-1", 3, "has no zone ca-central-1c"),
        ("ca-central-1", ["ca-central-1a", "ca-central-1c"], "has no zone ca-central-1c"),
        ("ap-northeast-1", ["ap-northeast-1b", "ap-northeast-1c"], "no zone ap-northeast-1b"),
    ],
)
def test_zones_that_a_region_does_not_have_are_refused(
    region: str, zones: Any, message: str
) -> None:
    arn = "arn:aws:iam::123456789012:role/r"
    config = {
        "owner": "a@b.example",
        "account": "123456789012",
        "region": region,
        "admins": [arn],
        "operators": [arn],
        "network": {"zones": zones},
    }
    with pytest.raises(ValidationError, match=message):
        FoundationConfig.model_validate(config)


def test_a_number_of_zones_takes_zones_that_the_region_has() -> None:
    """Held against the emulator's copy of what EC2 answers for each region."""
    for region, known in RegionsAndZonesBackend.zones.items():
        if region == "cn-north-1":
            continue  # the copy is from before its third zone
        zones = subnets.zone_names(region, 3)
        refused = regions.zones_problem(region, zones, named=False)
        assert (refused is None) == ({zone.name for zone in known} >= set(zones)), region


@pytest.mark.parametrize(
    ("address", "port", "reached"),
    [
        ("10.0.17.4", 443, True),  # an interface endpoint, in the VPC's own range
        ("100.64.3.9", 443, True),  # the same in a VPC of shared space
        ("52.219.170.1", 443, True),  # S3, through its gateway endpoint
        ("169.254.170.23", 80, True),  # the agent that gives pods their credentials
        ("169.254.169.254", 80, False),  # the node's metadata service
        ("169.254.169.254", 443, False),
        ("10.0.17.4", 22, False),
    ],
)
def test_pods_reach_endpoints_and_credentials_and_no_metadata(
    address: str, port: int, *, reached: bool
) -> None:
    """The ways out are the network policies; a policy allows what one of its rules allows."""
    rules = [
        rule["egress"][0]
        for policy in network_policies().values()
        if (rule := manifest(policy)).get("egress")
    ]
    assert reached is any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(out) for out in block.get("except", []))
        and {"protocol": "TCP", "port": port} in rule["ports"]
        for rule in rules
        for peer in rule["to"]
        if (block := peer.get("ipBlock"))
    )
