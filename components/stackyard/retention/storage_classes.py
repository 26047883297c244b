"""Rules of S3's cold storage classes: minimum age, minimum days billed, and time to read.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from stackyard.problem import Problem

ColdClass = Literal["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]
"""An S3 storage class for data that is rarely read."""


@dataclass(frozen=True)
class StorageClassFacts:
    """The rules of one storage class."""

    first_day: int
    """Minimum age in days at which a lifecycle rule may transition an object to this class."""

    minimum_days: int
    """Minimum days that are billed, even if an object is deleted earlier."""

    instant: bool
    """Whether objects can be read without a restore that takes hours."""


FACTS: dict[ColdClass, StorageClassFacts] = {
    "STANDARD_IA": StorageClassFacts(first_day=30, minimum_days=30, instant=True),
    "GLACIER_IR": StorageClassFacts(first_day=0, minimum_days=90, instant=True),
    "GLACIER": StorageClassFacts(first_day=0, minimum_days=90, instant=False),
    "DEEP_ARCHIVE": StorageClassFacts(first_day=0, minimum_days=180, instant=False),
}
"""The storage classes by name."""


def stay_problems(
    storage_class: ColdClass,
    *,
    start: tuple[str, int],
    end: tuple[str, int],
    end_text: str | None = None,
) -> Iterator[Problem]:
    """Yield the reasons why objects cannot be in a storage class from day `start` to day `end`.

    Both are a field of the config and a day; `end_text` describes a day that is computed.
    """
    facts, (first, start_day), (last, end_day) = FACTS[storage_class], start, end
    until = end_text or f"`{last}`"
    message = None
    if start_day >= end_day:
        message = (
            f"`{first}` ({start_day}) is not before {until} ({end_day}): objects would never move "
            "to cold storage"
        )
    elif start_day < facts.first_day:
        message = (
            f"`{first}` ({start_day}) is too early for {storage_class}: S3 moves objects there "
            f"from day {facts.first_day} on"
        )
    elif end_day - start_day < facts.minimum_days:
        message = (
            f"`{first}` ({start_day}) and {until} ({end_day}) leave {end_day - start_day} days in "
            f"{storage_class}, which bills at least {facts.minimum_days}"
        )
    if message:
        yield Problem((first,), message, related=((last,),))
