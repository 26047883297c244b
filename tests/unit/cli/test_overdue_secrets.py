from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stackyard_cli.concerns.data import overdue

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
