"""Checks EventBridge cron expressions: their syntax, and that they ever fire.

Six fields: minutes, hours, day of month, month, day of week, year; one of the two days is `?`.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based.
"""

from __future__ import annotations

import calendar
import re
from zoneinfo import available_timezones

from stackyard.suggestion import did_you_mean

FIRST_YEAR, LAST_YEAR = 2026, 2199
"""Years that are checked: from the year of this release to the last one that AWS accepts."""

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}

RANGES = {
    "minutes": (0, 59),
    "hours": (0, 23),
    "day of month": (1, 31),
    "month": (1, 12),
    "day of week": (1, 7),
    "year": (1970, LAST_YEAR),
}


def check_zone(name: str) -> str:
    """Return the name of a time zone; raises ValueError for one that IANA does not list.

    EventBridge Scheduler takes IANA's names; on a machine without their list each is taken:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#time-zones.
    """
    known = available_timezones() - {"Factory", "localtime"}
    if known and name not in known:
        hint = did_you_mean(name, known)
        raise ValueError(f"is not a time zone of IANA{f': {hint}' if hint else ''}")
    return name


def check(expression: str) -> str:
    """Return the expression; raises ValueError if it is invalid or never fires."""
    parts = expression.split(" ")
    if len(parts) != 6:
        raise ValueError(f"a schedule has six fields, such as `0 3 ? * MON *` (got {expression!r})")
    fields = dict(zip(RANGES, parts, strict=True))
    day, weekday = fields["day of month"], fields["day of week"]
    if (day == "?") == (weekday == "?"):
        raise ValueError(f"one of day of month and day of week must be `?` (got {expression!r})")
    months = _numbers("month", fields["month"])
    years = _numbers("year", fields["year"]) & set(range(FIRST_YEAR, LAST_YEAR + 1))
    _numbers("minutes", fields["minutes"])
    _numbers("hours", fields["hours"])
    if not years:
        raise ValueError(f"this schedule never fires: {fields['year']} has no future year")
    if weekday == "?" and not _some_day(day, months, years):
        raise ValueError(f"this schedule never fires: no such month has a day {day}")
    if day == "?":
        _check_weekday(weekday)
    return expression


def _some_day(day: str, months: set[int], years: set[int]) -> bool:
    if day == "L":
        return True
    if match := re.fullmatch(r"(\d{1,2})W", day):
        day = match[1]
    days = _numbers("day of month", day)
    shortest = min(days)
    return any(
        shortest <= calendar.monthrange(year, month)[1]
        for month in months
        for year in sorted(years)[:8]
    )


def _check_weekday(weekday: str) -> None:
    named = _named(weekday, DAYS)
    if match := re.fullmatch(r"([1-7])#(\d)", named):
        if not 1 <= int(match[2]) <= 5:
            raise ValueError(f"this schedule never fires: no month has a week {match[2]}")
    elif not re.fullmatch(r"[1-7]?L", named):
        _numbers("day of week", weekday)


def _numbers(field: str, text: str) -> set[int]:
    """Return the numbers that match a field: `*`, `5`, `1-5`, `0/15`, lists of these."""
    low, high = RANGES[field]
    names = {"month": MONTHS, "day of week": DAYS}.get(field, {})
    numbers: set[int] = set()
    for part in _named(text, names).split(","):
        match = re.fullmatch(r"(\*|\d+)(?:-(\d+))?(?:/(\d+))?", part)
        if match is None or (match[1] == "*" and match[2]):
            raise ValueError(f"{field}: {part!r} is not a number, range, step or `*`")
        start = low if match[1] == "*" else int(match[1])
        open_ended = match[1] == "*" or match[3]
        end = int(match[2]) if match[2] else (high if open_ended else start)
        step = int(match[3] or 1)
        if not (low <= start <= end <= high and 1 <= step <= high):
            raise ValueError(f"{field}: {part!r} is not within {low} to {high}")
        numbers |= set(range(start, end + 1, step))
    return numbers


def _named(text: str, names: dict[str, int]) -> str:
    return re.sub(r"[A-Za-z]{3}", lambda match: str(names.get(match[0].upper(), match[0])), text)
