"""What a stack may cost in a month."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config


class BudgetConfig(Config):
    """The monthly limit of one stack; a change that goes above it is stopped."""

    monthly_limit: Annotated[int, Field(ge=1)]
    """US dollars a month, before tax and data transfer."""

    block_on: Literal["floor", "ceiling"] = "floor"
    """What stops above the limit: `floor` (what runs in any case; a ceiling above the limit is only
    a warning), or `ceiling` (every pool at its maximum all month)."""
