from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.shell import Shell

DAY = "2027-01-31"


def classes(shell: Shell, root: Path, stack: str, *words: str) -> dict[str, dict[str, Any]]:
    rows = shell.answer("retention", stack, *words, "--estate", str(root))
    return {row["class"]: row for row in rows}


def test_the_company_rule_in_days(shell: Shell, root: Path) -> None:
    found = classes(shell, root, "vision/defects/dev")
    assert found["raw"] == {
        "class": "raw",
        "holds": ["photos"],
        "storage_class": "GLACIER_IR",
        "transitioned_after": 365,
        "expired_after": 1095,
        "erased_after": 1276,
        "old_versions_transitioned_after": 1,
        "old_versions_erased_after": 180,
        "uploads_aborted_after": 7,
        "condition": "",
    }
    assert found["curated"]["holds"] == ["labelled"]
    assert found["images"]["holds"] == ["classifier", "inspector", "server", "trainer"]


def test_personal_data_by_jurisdiction(shell: Shell, root: Path) -> None:
    eu = classes(shell, root, "ranking/recommender/dev")["personal.eu"]
    assert eu["holds"] == ["events"]
    assert (eu["transitioned_after"], eu["expired_after"], eu["erased_after"]) == (None, 149, 180)


def test_models_turn_cold_and_stay_while_they_are_registered(shell: Shell, root: Path) -> None:
    found = classes(shell, root, "vision/defects/dev")
    for name, days in {"candidate_models": 90, "production_models": 365}.items():
        assert (found[name]["transitioned_after"], found[name]["storage_class"]) == (
            days,
            "GLACIER_IR",
        )
        assert "registered" in found[name]["condition"]
        assert found[name]["holds"] == ["models"]


def test_backups_follow_the_file_of_the_stage_whose_database_it_is(
    shell: Shell, root: Path
) -> None:
    file = root / "stacks/platform/foundation/dev.yaml"
    file.write_text(
        file.read_text().replace("\n{}", "") + "\nretention: {backups: {keep_days: 9}}\n"
    )
    found = classes(shell, root, "vision/defects/dev")["backups"]
    assert (found["erased_after"], found["holds"]) == (9, ["database of platform/foundation/dev"])


def due(made: datetime.datetime, days: int) -> datetime.datetime:
    """Return when S3 acts: the days are added, and rounded up to the next midnight."""
    late = made + datetime.timedelta(days=days)
    return (late + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0)


@pytest.mark.parametrize("day", [DAY, "2028-02-29", "2027-01-01"])
def test_on_a_day_each_boundary_parts_what_is_due_from_what_is_not(
    shell: Shell, root: Path, day: str
) -> None:
    stack = "vision/defects/dev"
    ages, found = classes(shell, root, stack), classes(shell, root, stack, "--on", day)
    asked = datetime.datetime.fromisoformat(day)
    tried = 0
    for name, row in found.items():
        for event in (
            "transitioned",
            "expired",
            "erased",
            "old_versions_erased",
            "uploads_aborted",
        ):
            days, boundary = ages[name][f"{event}_after"], row[f"{event}_before"]
            assert (days is None) == (boundary is None)
            if days is None:
                continue
            start = datetime.datetime.fromisoformat(boundary)
            assert due(start - datetime.timedelta(seconds=1), days) <= asked
            assert due(start + datetime.timedelta(seconds=1), days) > asked
            tried += 1
    assert tried > 20


def test_the_boundaries_of_raw_data(shell: Shell, root: Path) -> None:
    raw = classes(shell, root, "vision/defects/dev", "--on", DAY)["raw"]
    assert (raw["transitioned_before"], raw["expired_before"]) == ("2026-01-31", "2024-02-01")
    assert "transitioned_after" not in raw


@pytest.mark.parametrize("day", ["tomorrow", "2027-02-30", "31.01.2027", "0001-01-01"])
def test_days_that_are_none(shell: Shell, root: Path, day: str) -> None:
    words = ("retention", "vision/defects/dev", "--on", day, "--estate", str(root))
    assert shell.answer(*words, code=2)["hint"]


def test_a_contradiction_is_refused_with_its_line(shell: Shell, root: Path) -> None:
    file = root / "stacks/vision/defects/dev.yaml"
    file.write_text(file.read_text() + "\nretention: {raw: {expire_after_days: 400}}\n")
    told = shell.answer("retention", "vision/defects/dev", "--estate", str(root), code=2)
    assert "raw.expire_after_days" in str(told["problems"])
