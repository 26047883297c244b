"""Checks the capacity reservations of pools: they exist, fit the pool, and do not end soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from stackyard.blueprints.services.config import ServicesConfig
from stackyard.gpu.config import GpuPoolConfig
from stackyard.karpenter.config import NodePoolConfig, ReservationsConfig
from stackyard_cli.health.check import Check
from stackyard_cli.health.placement import Clients

DAYS_AHEAD = 14
"""An end that is nearer is a problem: what runs there is drained, and new capacity takes time."""


def checks(
    stage: str, region: str, services: ServicesConfig, clients: Clients, today: date
) -> Iterator[Check]:
    """Check the reservations of each pool that buys `reserved`."""
    pools: dict[str, NodePoolConfig | GpuPoolConfig] = {
        **services.node_pools,
        **services.gpu_pools,
    }
    for name, pool in pools.items():
        if pool.reservations is None:
            continue
        types = pool.types if isinstance(pool, GpuPoolConfig) else pool.instance_types
        check = f"{stage}: reservations of {name}"
        reservations = _reservations(clients("ec2", region), pool.reservations)
        if not reservations:
            hint = "correct `reservations`, or take `reserved` out of `capacity`"
            yield Check(check, "problem", "none is there", hint)
        yield from (_one(check, each, types, today) for each in reservations)


def _reservations(ec2: Any, config: ReservationsConfig) -> list[dict[str, Any]]:
    """Return the reservations that Karpenter would find; ids and tags add up."""
    filters: list[dict[str, Any]] = [
        {"Filters": [{"Name": f"tag:{key}", "Values": [value]} for key, value in one.items()]}
        for one in [config.tags]
        if one
    ]
    filters += [{"CapacityReservationIds": config.ids}] if config.ids else []
    return [
        each
        for one in filters
        for each in ec2.describe_capacity_reservations(**one)["CapacityReservations"]
    ]


def _one(check: str, reservation: dict[str, Any], types: list[str], today: date) -> Check:
    kind, state, end = reservation["InstanceType"], reservation["State"], reservation.get("EndDate")
    detail = (
        f"{reservation['CapacityReservationId']}: {reservation['AvailableInstanceCount']} of "
        f"{reservation['TotalInstanceCount']} {kind} free in {reservation['AvailabilityZone']}, "
        f"{state}"
    )
    if kind not in types:
        return Check(check, "problem", detail, f"the pool does not allow {kind}: it is never used")
    if state != "active":
        return Check(check, "problem", detail, "name one that is active")
    if end is not None and (left := (end.date() - today).days) < DAYS_AHEAD:
        hint = "extend it, or let the next way of `capacity` take over"
        return Check(check, "problem", f"{detail}, ends in {max(left, 0)} days", hint)
    return Check(check, "ok", detail)
