"""A waiver: the written consent to lose one resource that holds data or keys."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import Field

from stackyard.config import Config

Person = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
"""A mail address."""


class Waiver(Config):
    """Lets a change delete or replace one stateful or key resource, until a date."""

    resource: Annotated[str, Field(min_length=3)]
    """Its logical name as `preview` shows it, or TYPE::NAME where a name occurs twice."""

    reason: Annotated[str, Field(min_length=10)]
    """Why what is lost may be lost; for the people who approve it."""

    owner: Person
    """Who answers for it."""

    expires: datetime.date
    """The last day it holds."""
