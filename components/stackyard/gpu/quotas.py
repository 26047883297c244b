"""EC2 service quotas of GPU instances; AWS counts them in vCPUs."""

from __future__ import annotations

from stackyard.instances import family
from stackyard.karpenter.config import Capacity

QUOTAS: dict[tuple[str, Capacity], str] = {
    ("g", "on-demand"): "L-DB2E81BA",
    ("g", "spot"): "L-3819A6DF",
    ("p", "on-demand"): "L-417A185B",
    ("p", "spot"): "L-7212CCBC",
    ("p5", "spot"): "L-C4BD4855",
}
"""Quota codes of the service `ec2`. Source (names and codes, read on 2026-11-24):
https://docs.aws.amazon.com/general/latest/gr/ec2-service.html."""


def quota_code(instance_type: str, capacity: Capacity) -> str:
    """Return the quota that limits the vCPUs of this type; P5 has a spot quota of its own.

    Instances in a reservation count as on-demand. Raises ValueError for spot instances of
    a family whose quota the source does not name.
    """
    name = family(instance_type)
    if capacity == "spot" and name.startswith("p5"):
        return QUOTAS["p5", "spot"]
    if capacity == "spot" and name.startswith("p6"):
        raise ValueError(f"no spot quota is known for {name}; use `capacity: [on-demand]`")
    return QUOTAS[name[0], "spot" if capacity == "spot" else "on-demand"]
