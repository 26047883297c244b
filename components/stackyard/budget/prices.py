"""List prices by region: US dollars, on demand, Linux, without tax, discounts and data transfer.

The prices were entered by hand on AS_OF from the public price pages, not read from the price API.
`stackyard cost --refresh` reads the API where credentials exist, and stores the answer with its
date. A price that is missing here is unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AS_OF = "2026-11-24"
SOURCE = "entered by hand from aws.amazon.com pricing pages; not verified by the price API"

HOURS = 730
"""Hours in a month, as AWS's price calculator counts them."""

SPOT_FLOOR = 0.1
"""Lowest price of spot capacity as a share of on-demand ("up to 90 %" less); the highest is 1.
Source: https://aws.amazon.com/ec2/spot/."""

FRANKFURT: Mapping[str, float] = {
    "ec2:c7i.large": 0.1018,
    "ec2:c7i.xlarge": 0.2037,
    "ec2:c7i.2xlarge": 0.4074,
    "ec2:g4dn.xlarge": 0.658,
    "ec2:g4dn.2xlarge": 0.94,
    "ec2:g4dn.12xlarge": 4.89,
    "ec2:g5.xlarge": 1.258,
    "ec2:g5.2xlarge": 1.516,
    "ec2:g5.4xlarge": 2.031,
    "ec2:g5.8xlarge": 3.061,
    "ec2:g5.12xlarge": 7.093,
    "ec2:g5.48xlarge": 20.366,
    "ec2:m6i.large": 0.115,
    "ec2:m6i.xlarge": 0.23,
    "ec2:m6i.2xlarge": 0.46,
    "ec2:m7i.large": 0.1208,
    "ec2:m7i.xlarge": 0.2415,
    "ec2:m7i.2xlarge": 0.483,
    "ec2:m7i.4xlarge": 0.966,
    "ec2:t3.medium": 0.048,
    "ec2:t3.large": 0.096,
    "eks:cluster": 0.10,
    "vpc:nat": 0.052,
    "vpc:endpoint": 0.012,
    "vpc:address": 0.005,
    "rds:postgres:db.t4g.micro": 0.018,
    "rds:postgres:db.t4g.small": 0.037,
    "rds:postgres:db.t4g.medium": 0.074,
    "rds:postgres:db.t4g.large": 0.148,
    "rds:postgres:db.m7g.large": 0.194,
    "rds:postgres:db.m7g.xlarge": 0.388,
    "rds:postgres:db.r7g.large": 0.276,
    "rds:gp3": 0.137,
    "kms:key": 1.0,
    "secretsmanager:secret": 0.40,
    "cloudwatch:alarm": 0.10,
    "cloudwatch:dashboard": 3.0,
}
VIRGINIA: Mapping[str, float] = {
    "ec2:g4dn.xlarge": 0.526,
    "ec2:g5.xlarge": 1.006,
    "ec2:g5.2xlarge": 1.212,
    "ec2:g5.12xlarge": 5.672,
    "ec2:m6i.large": 0.096,
    "ec2:m6i.xlarge": 0.192,
    "ec2:m7i.large": 0.1008,
    "ec2:m7i.xlarge": 0.2016,
    "ec2:m7i.2xlarge": 0.4032,
    "ec2:t3.medium": 0.0416,
    "ec2:t3.large": 0.0832,
    "eks:cluster": 0.10,
    "vpc:nat": 0.045,
    "vpc:endpoint": 0.01,
    "vpc:address": 0.005,
    "rds:postgres:db.t4g.micro": 0.016,
    "rds:postgres:db.t4g.small": 0.032,
    "rds:postgres:db.t4g.medium": 0.065,
    "rds:postgres:db.t4g.large": 0.129,
    "rds:postgres:db.m7g.large": 0.168,
    "rds:gp3": 0.115,
    "kms:key": 1.0,
    "secretsmanager:secret": 0.40,
    "cloudwatch:alarm": 0.10,
    "cloudwatch:dashboard": 3.0,
}
"""Price of an hour of compute, or of a month of storage (key, secret,
alarm, dashboard, GB)."""


@dataclass(frozen=True)
class Prices:
    """The prices of one region, with their date and source."""

    region: str
    as_of: str = AS_OF
    source: str = SOURCE
    known: Mapping[str, float] = field(default_factory=dict)

    def of(self, item: str) -> float | None:
        """Return a price, or None if it was not entered."""
        return self.known.get(item)


TABLES: Mapping[str, Mapping[str, float]] = {"eu-central-1": FRANKFURT, "us-east-1": VIRGINIA}


def prices_of(region: str) -> Prices:
    """Return the entered prices of a region; none for a region without a table."""
    return Prices(region, known=TABLES.get(region, {}))
