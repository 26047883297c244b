"""The current day, for the expiry of waivers, overrides and drift exceptions."""

from __future__ import annotations

import datetime


def today() -> datetime.date:
    """Return the day in UTC, so that an exception expires everywhere at the same time."""
    return datetime.datetime.now(datetime.UTC).date()
