"""AWS regions that exist, and their availability zones.

Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html and
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html. Tests
compare both with the tables of botocore and of the emulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stackyard.suggestion import did_you_mean

REVIEWED = "2026-11-29"
"""Date on which this table was last compared with its sources."""

_ABC = (
    "af-south-1 ap-east-1 ap-east-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 "
    "ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 "
    "ca-west-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 "
    "eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-2 "
    "us-gov-east-1 us-gov-west-1"
)

ZONES: Mapping[str, str] = {
    **dict.fromkeys(_ABC.split(), "abc"),
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
    "ca-central-1": "abd",
    "cn-north-1": "abd",
    "us-east-1": "abcdef",
    "us-west-1": "abc",
    "us-west-2": "abcd",
}
"""Letters of each region's zones, of the partitions `aws`, `aws-us-gov` and `aws-cn`."""

BY_ACCOUNT: Mapping[str, int] = {"us-west-1": 2}
"""Number of zones of an account in regions where accounts have different zones."""


WITHOUT: Mapping[str, frozenset[str]] = {
    "AWS Signer": frozenset(
        {
            *("ap-east-2", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-4"),
            *("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2"),
            *("eu-south-2", "il-central-1", "me-central-1", "mx-central-1"),
        }
    ),
    "AWS CodeBuild": frozenset({"ap-east-2", "ca-west-1", "mx-central-1"}),
}
"""Regions without an endpoint of a service that stacks use. Sources:
https://docs.aws.amazon.com/general/latest/gr/signer.html and
https://docs.aws.amazon.com/general/latest/gr/codebuild.html, as botocore has them."""


def problem(region: str) -> tuple[str, str | None] | None:
    """Return the reason why a region cannot be used, and a hint; None for an existing one."""
    if region in ZONES:
        return None
    return f"AWS has no region {region}", did_you_mean(region, ZONES)


def zones_problem(region: str, zones: Sequence[str], *, named: bool) -> tuple[str, str] | None:
    """Return the reason why a region does not have these zones, and a hint; None if it has them.

    `named`: the stack file has the zones' names, not only their number.
    """
    known = [f"{region}{letter}" for letter in ZONES[region]]
    most = BY_ACCOUNT.get(region, len(known))
    if len(zones) > most or (most < len(known) and not named):
        hint = f"write the names of {most}, as `aws ec2 describe-availability-zones` lists them"
        return f"an account has only {most} of the zones of {region}, which differ by account", hint
    missing = [zone for zone in zones if zone not in known]
    if not missing:
        return None
    hint = f"write `zones: [{', '.join(known[: len(zones)])}]`"
    return f"{region} has no zone {' or '.join(missing)} (it has {', '.join(known)})", hint
