"""Subnet arithmetic: divides a VPC's range among its zones. Pure functions, without AWS calls.

The range is divided into quarters. Each zone's private subnet is one quarter, because pods get
their addresses from it; the last quarter contains the small public subnets, at its end, and a
reserve. The subnets of existing zones therefore stay the same when a zone is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

SMALLEST_PREFIX = 22
"""A zone then has a /24 (251 usable addresses), which the pods of a few nodes use up."""

LARGEST_PREFIX = 16
"""Largest VPC range, https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html."""

PUBLIC_PREFIX = 28
"""Smallest subnet in AWS; a public subnet contains one NAT gateway and nothing else."""

PRIVATE = [
    IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
"""RFC 1918 and RFC 6598: the ranges of VPCs whose pods EKS lets reach the internet by NAT,
https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html."""


@dataclass(frozen=True)
class ZoneSubnets:
    """The subnets of one availability zone, in CIDR notation."""

    zone: str
    private: str
    public: str


def range_problem(cidr: str) -> str | None:
    """Return the reason why a range is not valid for a VPC; None for a valid one."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        return f"is not an IPv4 range: {error}"
    if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        return (
            f"a VPC for a cluster is /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}, because every pod "
            f"takes an address (got /{network.prefixlen})"
        )
    if not any(network.subnet_of(private) for private in PRIVATE):
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
        ZoneSubnets(zone=zone, private=str(private[index]), public=str(public[index]))
        for index, zone in enumerate(zones)
    )


def zone_names(region: str, zones: int | Sequence[str]) -> tuple[str, ...]:
    """Return the zones by name; a number takes `a`, `b` and `c`.

    Where a region or an account has other letters, the stack file lists the zones itself.
    """
    if isinstance(zones, int):
        return tuple(f"{region}{letter}" for letter in "abc"[:zones])
    return tuple(zones)
