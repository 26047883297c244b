"""Waivers: time-limited permission to delete or replace one stateful or key resource."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import Field

from stackyard.config import Config

Person = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
"""An email address."""


class Waiver(Config):
    """Permission to delete or replace one stateful or key resource, until a date."""

    resource: Annotated[str, Field(min_length=3)]
    """Logical name as `stackyard preview` shows it, or TYPE::NAME if the name is not unique."""

    reason: Annotated[str, Field(min_length=10)]
    """Reason why the loss is acceptable, for the people who approve the change."""

    owner: Person
    """Email address of the person who is responsible."""

    expires: datetime.date
    """Last day on which it applies."""
