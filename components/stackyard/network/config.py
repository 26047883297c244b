"""Config of a stage's VPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Cidr, Config, immutable
from stackyard.logs import LogDays
from stackyard.network import needs, subnets
from stackyard.network.needs import EndpointService
from stackyard.problem import Problem

ZoneName = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$")]
"""An availability zone, for example `eu-central-1a`."""


class NetworkConfig(Config):
    """The VPC of a stage: address range, availability zones, NAT and endpoints."""

    cidr: Cidr = immutable(default="10.0.0.0/16")
    """IPv4 range of the VPC, /16 to /22; each zone gets a quarter for nodes and pods."""

    zones: Literal[2, 3] | list[ZoneName] = immutable(default=3)
    """Number of availability zones (the region's first letters), or two or three zone names;
    names are needed where accounts of a region have different zones, as in us-west-1."""

    nat: Literal["none", "single", "per-zone"] = "single"
    """NAT gateways: `single` costs least, `per-zone` tolerates the loss of a zone, `none` gives no
    internet access."""

    interface_endpoints: list[EndpointService] = ["ecr.api", "ecr.dkr", "sts"]
    """Interface endpoints; each costs per hour and zone. S3 always has a gateway endpoint."""

    flow_log_days: LogDays = 90
    """Retention of the VPC flow logs in days."""

    def problems(self) -> Iterator[Problem]:
        """Yield ranges, zones and NAT settings with which a cluster cannot work."""
        if unfit := subnets.range_problem(self.cidr):
            yield Problem(("cidr",), unfit)
        zones = self.zones
        if isinstance(zones, list) and len(zones) not in (2, 3):
            listed = ", ".join(zones) or "none"
            yield Problem(("zones",), f"needs two or three different zones (got {listed})")
        lacking = needs.missing(needs.EVERY_STAGE, self.interface_endpoints)
        if self.nat == "none" and lacking:
            why = needs.listed(needs.EVERY_STAGE, self.interface_endpoints)
            yield Problem(
                ("nat",),
                f"with `nat: none` a stage does not work without more endpoints ({why})",
                f"add to `interface_endpoints`: {', '.join(lacking)}",
                related=(("interface_endpoints",),),
            )
