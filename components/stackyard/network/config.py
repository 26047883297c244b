"""What a person may write about the network of a stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from stackyard.config import Cidr, Config, immutable
from stackyard.logs import LogDays
from stackyard.network import subnets

EndpointService = Literal[
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "kms",
    "logs",
    "secretsmanager",
    "sts",
]
"""An AWS service that the VPC can reach without the internet, by an interface endpoint."""

NEEDED_WITHOUT_NAT: frozenset[str] = frozenset(
    {"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"}
)
"""Without these, nodes with no way out never join:
https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html."""

ZoneName = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]
"""An availability zone, for example `eu-central-1a`."""


class NetworkConfig(Config):
    """The VPC of a stage: its range, its zones, and how private subnets reach the outside."""

    cidr: Cidr = immutable(default="10.0.0.0/16")
    """IPv4 range of the VPC, /16 to /22; each zone gets a quarter for nodes and pods."""

    zones: Literal[2, 3] | list[ZoneName] = immutable(default=3)
    """How many availability zones (the region's first letters), or two or three by name."""

    nat: Literal["none", "single", "per-zone"] = "single"
    """NAT gateways: `single` is cheapest, `per-zone` survives a zone, `none` has no way out."""

    interface_endpoints: list[EndpointService] = ["ecr.api", "ecr.dkr", "sts"]
    """AWS services reached inside the VPC; each costs by the hour and zone. S3 always is."""

    flow_log_days: LogDays = 90
    """Days that the VPC flow logs are kept."""

    @field_validator("cidr")
    @classmethod
    def _range_holds_a_cluster(cls, value: str) -> str:
        subnets.checked_range(value)
        return value

    @field_validator("zones")
    @classmethod
    def _two_or_three_different_zones(cls, value: int | list[str]) -> int | list[str]:
        if isinstance(value, list) and (len(set(value)) != len(value) or len(value) not in (2, 3)):
            raise ValueError(f"name two or three different zones (got {', '.join(value) or '[]'})")
        return value

    @model_validator(mode="after")
    def _reaches_what_nodes_need(self) -> NetworkConfig:
        missing = NEEDED_WITHOUT_NAT - set(self.interface_endpoints)
        if self.nat == "none" and missing:
            raise ValueError(
                "with `nat: none` nodes cannot join unless `interface_endpoints` also has "
                + ", ".join(sorted(missing))
            )
        return self
