"""The day that waivers, overrides and ignored drift are compared with."""

from __future__ import annotations

import datetime


def today() -> datetime.date:
    """Return the day in UTC, so that an exception ends everywhere at once."""
    return datetime.datetime.now(datetime.UTC).date()
