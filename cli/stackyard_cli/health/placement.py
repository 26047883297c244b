"""Checks before a foundation is created: zones that EKS supports, and the quota of trails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.naming import StackId
from stackyard.network.subnets import zone_names
from stackyard_cli.health.check import Check

Clients = Callable[[str, str], Any]
"""Function that returns a client for a service and a region."""

WITHOUT_EKS = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})
"""Ids of zones in which EKS has no control plane; zone letters differ between accounts. Source:
https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html."""

TRAILS_PER_REGION = 5
"""Not adjustable; a trail of all regions counts in each region. Source:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html."""


def zones(stage: str, config: FoundationConfig, clients: Clients) -> Check:
    """Check that the account has the zones of the network, and that EKS can use them."""
    name, chosen = f"{stage}: zones", zone_names(config.region, config.network.zones)
    listed = clients("ec2", config.region).describe_availability_zones()["AvailabilityZones"]
    there = {one["ZoneName"]: one for one in listed if one["State"] == "available"}
    fit = [zone for zone, one in there.items() if one["ZoneId"] not in WITHOUT_EKS]
    hint = f"set `network.zones` to two or three of {', '.join(sorted(fit))}"
    if missing := [zone for zone in chosen if zone not in there]:
        detail = f"the account has no {', '.join(missing)}"
        return Check(name, "problem", detail, hint)
    if unfit := [zone for zone in chosen if zone not in fit]:
        ids = ", ".join(f"{zone} ({there[zone]['ZoneId']})" for zone in unfit)
        return Check(name, "problem", f"EKS puts no cluster into {ids}", hint)
    return Check(name, "ok", ", ".join(chosen))


def trails(stack: StackId, config: FoundationConfig, clients: Clients) -> Check:
    """Check that the stage's trail exists, or that the quota allows another one."""
    name, own = f"{stack.stage}: audit trail", f"{stack.slug}-audit"
    answer = clients("cloudtrail", config.region).describe_trails(includeShadowTrails=True)
    names = [one["Name"] for one in answer["trailList"]]
    if own in names:
        return Check(name, "ok", f"{own} is there, with {len(names) - 1} others")
    detail = f"{len(names)} of {TRAILS_PER_REGION} trails are used in {config.region}"
    if len(names) >= TRAILS_PER_REGION:
        hint = "delete an unused trail, or use another account for the stage"
        return Check(name, "problem", f"{detail}, and {own} needs one more", hint)
    return Check(name, "ok", detail)
