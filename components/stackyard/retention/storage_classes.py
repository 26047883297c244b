"""What S3 says about its colder storage classes: from when, for how long, and how fast to read.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColdClass = Literal["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]
"""An S3 storage class for data that is rarely read."""

SMALLEST_MOVED = 128 * 1024
"""Bytes; by default S3 moves no smaller object, as the move would cost more than it saves."""


@dataclass(frozen=True)
class ColdFacts:
    """The rules of one storage class."""

    first_day: int
    """Youngest age in days at which a lifecycle may move an object here."""

    minimum_days: int
    """Days that are billed, however soon an object goes."""

    instant: bool
    """Whether objects can be read without a restore that takes hours."""


FACTS: dict[ColdClass, ColdFacts] = {
    "STANDARD_IA": ColdFacts(first_day=30, minimum_days=30, instant=True),
    "GLACIER_IR": ColdFacts(first_day=0, minimum_days=90, instant=True),
    "GLACIER": ColdFacts(first_day=0, minimum_days=90, instant=False),
    "DEEP_ARCHIVE": ColdFacts(first_day=0, minimum_days=180, instant=False),
}
"""The storage classes by name."""


def stay_problem(storage_class: ColdClass, start: int, end: int, fields: tuple[str, str]) -> str:
    """Return why an object cannot be cold from day `start` to day `end`; empty if it can.

    `fields` names the two values in the stack file that the days come from.
    """
    facts, (first, last) = FACTS[storage_class], fields
    if start >= end:
        return f"`{first}` ({start}) is not before `{last}` ({end}): it would never turn cold"
    if start < facts.first_day:
        return (
            f"`{first}` ({start}) is too early for {storage_class}: "
            f"S3 moves objects there from day {facts.first_day} on"
        )
    if end - start < facts.minimum_days:
        return (
            f"`{first}` ({start}) and `{last}` ({end}) leave {end - start} days in "
            f"{storage_class}, which bills at least {facts.minimum_days}"
        )
    return ""
