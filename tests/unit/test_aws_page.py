"""Each row of `docs/aws.md` names tests that exist, or says that it is open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stackyard_policies.catalogue import RULES

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
PAGE = (ROOT / "docs/aws.md").read_text()

ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| finding |"))
]


def _known() -> set[str]:
    """Return the names of tests, and the paths of files of tests from each folder above them."""
    files = [
        path for path in TESTS.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    names = {
        "/".join(path.relative_to(ROOT).with_suffix(suffix).parts[start:])
        for path in files
        for suffix in ("", path.suffix)
        for start in range(len(path.relative_to(ROOT).parts))
    }
    for path in files:
        if path.suffix == ".py":
            names |= set(re.findall(r"def (test_\w+)", path.read_text()))
    return names


def _targets() -> set[str]:
    """Return the targets of the Makefile as commands."""
    made = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    return {f"make {target}" for target in made}


def test_rows_have_four_cells() -> None:
    assert len(ROWS) > 100
    assert [row for row in ROWS if len(row) != 4 or not all(row)] == []


def test_every_test_that_the_page_names_exists() -> None:
    known = _known() | set(RULES) | _targets()
    missing = [
        (name, row[0])
        for row in ROWS
        for name in re.findall(r"`([^`]+)`", row[2])
        if name not in known and not (ROOT / name).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_row_without_a_test_says_why(row: list[str]) -> None:
    """`the same` is the test of the row above; `none` needs the word `open` or a reason."""
    if "`" not in row[2]:
        assert row[2].startswith("the same") or row[1].startswith(
            ("open", "nothing", "the description")
        )
