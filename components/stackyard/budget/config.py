"""Config of a stack's monthly budget."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config


class BudgetConfig(Config):
    """The monthly budget of one stack; a change that exceeds it is refused."""

    monthly_limit: Annotated[int, Field(ge=1)]
    """US dollars a month, before tax and data transfer."""

    block_on: Literal["floor", "ceiling"] = "floor"
    """Estimate that must stay within the limit: `floor` (every pool at its minimum; a ceiling above
    the limit is then a warning), or `ceiling` (every pool at its maximum all month)."""
