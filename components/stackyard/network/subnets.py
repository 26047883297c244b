"""Subnet arithmetic: which part of a VPC's range each zone gets. Pure, no cloud.

The range is cut into quarters. Each zone's private subnet is one quarter, since pods take their
addresses from it; the last quarter holds the small public subnets, from its end, and a reserve.
So no subnet ever moves when a zone is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

SMALLEST_PREFIX = 22
"""A zone then has a /24 (251 usable addresses), which a handful of nodes fill with pods."""

LARGEST_PREFIX = 16
"""Largest VPC range, https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html."""

PUBLIC_PREFIX = 28
"""Smallest subnet that AWS makes; a public subnet holds one NAT gateway and nothing else."""

SHARED_SPACE = IPv4Network("100.64.0.0/10")
"""RFC 6598; like the RFC 1918 ranges, EKS accepts it for pods."""

OTHER_LETTERS = {
    "ap-northeast-1": "acd",
    "ca-central-1": "abd",
    "cn-north-1": "ab",
    "us-west-1": "ab",
}
"""Letters of the zones where they are not `a`, `b` and `c`. Source:
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html."""

PER_ACCOUNT = frozenset({"us-west-1"})
"""Regions whose letters differ between accounts: of a, b and c, each account has two."""


@dataclass(frozen=True)
class ZoneSubnets:
    """The subnets of one availability zone, in CIDR notation."""

    zone: str
    private: str
    public: str


def range_problem(cidr: str) -> str | None:
    """Return why a range cannot be a VPC's; None for one that can."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        return f"is not an IPv4 range: {error}"
    if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        return (
            f"a VPC for a cluster is /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}, because every pod "
            f"takes an address (got /{network.prefixlen})"
        )
    if not (network.is_private or network.subnet_of(SHARED_SPACE)):
        return f"{cidr} is not a private range such as 10.0.0.0/16"
    return None


def plan(cidr: str, zones: Sequence[str]) -> tuple[ZoneSubnets, ...]:
    """Divide a VPC's range among at most three zones, in the order given."""
    if unfit := range_problem(cidr):
        raise ValueError(unfit)
    network = IPv4Network(cidr)
    *private, last = network.subnets(prefixlen_diff=2)
    public = list(last.subnets(new_prefix=PUBLIC_PREFIX))[::-1]
    if len(zones) > len(private):
        raise ValueError(f"at most {len(private)} zones (got {len(zones)})")
    return tuple(
        ZoneSubnets(zone=zone, private=str(private[place]), public=str(public[place]))
        for place, zone in enumerate(zones)
    )


def zone_names(region: str, zones: int | Sequence[str]) -> tuple[str, ...]:
    """Return the zones by name; a number takes the region's first letters."""
    if isinstance(zones, int):
        return tuple(f"{region}{letter}" for letter in letters(region)[:zones])
    return tuple(zones)


def letters(region: str) -> str:
    """Return the letters of the region's zones, as far as a network needs them."""
    return OTHER_LETTERS.get(region, "abc")


def zones_problem(region: str, zones: int | Sequence[str]) -> str | None:
    """Return why a region cannot have these zones; None for those it may have.

    What an account really has, only AWS can say: `stackyard preflight` asks.
    """
    known = letters(region)
    if isinstance(zones, int):
        if zones > len(known):
            return f"{region} gives an account {len(known)} zones (got {zones})"
        if region in PER_ACCOUNT:
            return f"{region} gives each account two of its zones, and not the same ones"
        return None
    if region not in OTHER_LETTERS or region in PER_ACCOUNT:
        return None
    unknown = [zone for zone in zones if zone.removeprefix(region) not in known]
    there = ", ".join(f"{region}{letter}" for letter in known)
    return f"{region} has no {', '.join(unknown)}: it has {there}" if unknown else None
