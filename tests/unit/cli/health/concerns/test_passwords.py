from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from stackyard.naming import StackId
from stackyard_cli.health.concerns.data import overdue
from stackyard_cli.health.concerns.passwords import passwords

DAY = timedelta(days=1)


class Secrets:
    """Secrets Manager with one secret, whose versions are so many days old."""

    def __init__(self, **ages: float) -> None:
        self._ages = ages

    def list_secret_version_ids(self, **_: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        versions = [
            {"VersionStages": [f"AWS{stage.upper()}"], "CreatedDate": now - age * DAY}
            for stage, age in self._ages.items()
        ]
        return {"Versions": versions}


@pytest.mark.parametrize(
    ("ages", "since"),
    [
        ({}, None),
        ({"current": 89}, None),
        ({"current": 93.5}, 3.5),
        ({"current": 1, "previous": 400}, None),
        ({"previous": 400}, None),
    ],
)
def test_a_value_is_overdue_by_the_age_of_the_current_one(
    ages: dict[str, float], since: float | None
) -> None:
    found = overdue(Secrets(**ages), "vision/defects/dev/camera-api", 90)
    assert found == (None if since is None else (datetime.now(UTC) - since * DAY).date())


@pytest.mark.parametrize(
    ("ages", "problems", "told"),
    [
        ({}, [], "none yet"),
        ({"current": 3, "previous": 90}, [], 3),
        ({"current": 31}, [], 31),
        ({"pending": 0, "current": 33}, [3], 33),
    ],
)
def test_passwords_are_overdue_when_the_nights_after_their_days_passed(
    ages: dict[str, float], problems: list[float], told: Any
) -> None:
    subject: Any = SimpleNamespace(
        stack=StackId("vision", "defects", "dev"),
        foundation=SimpleNamespace(database=SimpleNamespace(rotation_days=30)),
        config=SimpleNamespace(tracking={}, tuning=None, datasets={}),
        clients=SimpleNamespace(aws=lambda _: Secrets(**ages)),
    )
    found, text = passwords(subject)
    assert found == [f"the password of tracking is overdue since {day(one)}" for one in problems]
    when = told if isinstance(told, str) else day(told)
    assert text == f"passwords made: tracking {when}; the next after 30 days"


def day(age: float) -> Any:
    return (datetime.now(UTC) - age * DAY).date()
