"""Exceptions that an estate makes for a while: overrides of policies, drift that is known."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config

Reason = Annotated[str, Field(min_length=10)]
"""Why it is right, for the people who read it in half a year."""


class PolicyOverride(Config):
    """A rule's level for one stage, by someone, for a reason, until a date."""

    rule: str
    """Name of the rule, as `stackyard policy list` shows it."""

    stage: str
    """The stage it holds for."""

    level: Literal["advisory", "mandatory", "disabled"]
    """What a violation does instead."""

    reason: Reason
    """Why this is right."""

    owner: str
    """Who answers for it."""

    expires: datetime.date
    """The last day it holds."""


class PolicySettings(Config):
    """What the policy packs need to know of the estate."""

    registries: tuple[str, ...] = ()
    """Prefixes of image names whose tags are immutable; images from elsewhere need a digest."""

    personal_regions: tuple[str, ...] = ()
    """Regions in which personal data may lie; none: every region."""

    personal_days: Annotated[int, Field(ge=1)] = 1095
    """Longest time in days that personal data may be kept."""

    overrides: tuple[PolicyOverride, ...] = ()
    """Levels that differ from the rules' own."""


class DriftIgnore(Config):
    """Drift that is known and left alone for a while."""

    stack: str = "*/*/*"
    """Stacks by path or glob."""

    resource: str = "*"
    """Logical name, or a glob."""

    path: str = "*"
    """Changed property, or a glob: `tags*`."""

    reason: Reason
    """Why it is left alone."""

    owner: str
    """Who answers for it."""

    expires: datetime.date
    """The last day it holds."""


class DriftSettings(Config):
    """What `stackyard drift` leaves out."""

    ignore: tuple[DriftIgnore, ...] = ()
    """Known drift; it is reported again after its date."""
