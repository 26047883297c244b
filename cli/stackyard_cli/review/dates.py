"""The current day, for the expiry of waivers, overrides and drift exceptions."""

from __future__ import annotations

import datetime


def today() -> datetime.date:
    """Return the day in UTC, so that an exception ends everywhere at once."""
    return datetime.datetime.now(datetime.UTC).date()
