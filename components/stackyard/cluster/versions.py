"""The Kubernetes versions that EKS supports, with the last days of support, as a dated table.

Source: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

REVIEWED = date(2026, 11, 24)
"""The day on which the table was last compared with its source."""


@dataclass(frozen=True)
class Support:
    """The last days of a version's standard and extended support."""

    standard: date
    extended: date


VERSIONS: dict[str, Support] = {
    "1.32": Support(standard=date(2026, 3, 23), extended=date(2027, 3, 23)),
    "1.33": Support(standard=date(2026, 7, 29), extended=date(2027, 7, 29)),
    "1.34": Support(standard=date(2026, 12, 2), extended=date(2027, 12, 2)),
    "1.35": Support(standard=date(2027, 3, 27), extended=date(2028, 3, 27)),
}
"""Versions by name. A newer version is added when its dates are published."""

Phase = Literal["standard", "extended", "ended"]
"""Extended support costs several times as much; after it EKS upgrades the cluster by itself."""


def phase(version: str, day: date) -> Phase:
    """Return the support phase of a known version on a day."""
    support = VERSIONS[version]
    if day <= support.standard:
        return "standard"
    return "extended" if day <= support.extended else "ended"


def problem(version: str, *, extended_support: bool) -> tuple[str, str] | None:
    """Return why EKS refuses a version, and a hint; None for a supported version.

    It compares with the day of the last review, so that the result depends on no clock.
    """
    if version not in VERSIONS:
        return f"EKS does not offer {version}", f"choose one of {', '.join(VERSIONS)}"
    if phase(version, REVIEWED) != "standard" and not extended_support:
        return (
            f"standard support of {version} ended on {VERSIONS[version].standard}",
            "choose a newer version, or set `extended_support: true` and pay for it",
        )
    return None
