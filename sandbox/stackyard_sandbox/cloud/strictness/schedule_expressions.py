"""EventBridge and its Scheduler refuse expressions that are no schedule; the emulator takes them.

Sources: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.events.exceptions import ValidationException as RuleError
from moto.events.models import EventsBackend
from moto.scheduler.exceptions import ValidationException as ScheduleError
from moto.scheduler.models import EventBridgeSchedulerBackend

from stackyard_sandbox.cloud.strictness import checked

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)")
AT = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
CRON = re.compile(r"cron\(([^()]*)\)")

FIELDS: tuple[tuple[str, int, int, list[str], str], ...] = (
    ("minutes", 0, 59, [], r""),
    ("hours", 0, 23, [], r""),
    ("day of month", 1, 31, [], r"\?|L|LW|\d\d?W"),
    ("month", 1, 12, MONTHS, r""),
    ("day of week", 1, 7, DAYS, r"\?|L|[1-7]L|[1-7]#[1-5]|(?:SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]"),
    ("year", 1970, 2199, [], r""),
)
"""Name, least and largest value, names of values, and what else a field takes."""


def install() -> None:
    """Check each schedule."""
    checked.before(EventsBackend, "put_rule", _check_rule)
    for method in ("create_schedule", "update_schedule"):
        checked.before(EventBridgeSchedulerBackend, method, _check_schedule)


def problem(expression: str, *, once: bool = False) -> str | None:
    """Return why an expression is no schedule; None if it is one. `once` allows `at(...)`."""
    if rate := RATE.fullmatch(expression):
        if (rate[1] == "1") is bool(rate[3]):
            return "one unit is singular, several are plural"
        return None
    if once and AT.fullmatch(expression):
        return None
    cron = CRON.fullmatch(expression)
    if cron is None:
        return "neither rate(...) nor cron(...)"
    fields = cron[1].split()
    if len(fields) != len(FIELDS):
        return f"cron takes {len(FIELDS)} fields, there are {len(fields)}"
    if (fields[2] == "?") is (fields[4] == "?"):
        return "one of day of month and day of week is `?`, the other is not"
    for text, (name, least, most, names, other) in zip(fields, FIELDS, strict=True):
        if not all(_is_part(one, least, most, names, other) for one in text.upper().split(",")):
            return f"{text!r} is no {name}"
    return None


def _is_part(text: str, least: int, most: int, names: list[str], other: str) -> bool:
    if other and re.fullmatch(other, text):
        return True
    span, slash, step = text.partition("/")
    if slash and not (step.isdigit() and int(step) > 0):
        return False
    if span == "*":
        return True
    ends = span.split("-")
    values = [names.index(end) + least if end in names else end for end in ends]
    return len(ends) <= 2 and all(
        str(value).isdigit() and least <= int(value) <= most for value in values
    )


def _check_rule(_backend: EventsBackend, call: Mapping[str, Any]) -> None:
    expression = call["scheduled_expression"]
    if expression and problem(expression):
        raise RuleError("Parameter ScheduleExpression is not valid.")


def _check_schedule(_backend: EventBridgeSchedulerBackend, call: Mapping[str, Any]) -> None:
    expression = call["schedule_expression"]
    if problem(expression, once=True):
        raise ScheduleError(f"Invalid Schedule Expression {expression}.")
