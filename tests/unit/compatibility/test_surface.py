"""What users rely on is what the snapshots say: docs/compatibility.md."""

from __future__ import annotations

import re

import pytest

from tests.support.estates import ROOT
from tests.unit.compatibility.surface import HERE, NOT_TO_BE_ADDED, SURFACES, recorded

PAGE = (ROOT / "docs" / "compatibility.md").read_text()


def broken(before: set[str], now: set[str]) -> list[str]:
    """Return what breaks users: something that goes, or something that is demanded now."""
    gone = [f"gone: {line}" for line in before - now if not line.startswith(NOT_TO_BE_ADDED)]
    demanded = [f"new: {line}" for line in now - before if line.startswith(NOT_TO_BE_ADDED)]
    return sorted(gone + demanded)


@pytest.mark.parametrize("kind", SURFACES)
def test_nothing_breaks_unseen(kind: str) -> None:
    before, now = recorded(kind), set(SURFACES[kind]())
    assert len(now) > 5, "nothing was looked at"
    breaking = broken(before, now)
    assert not breaking, (
        f"breaking: {breaking}. Keep the former form as well; or say in CHANGELOG.md under "
        "'Breaking' how to follow, then run `make snapshots`"
    )
    assert now == before, (
        f"add it to the snapshot: run `make snapshots` and commit {sorted(now ^ before)}"
    )


@pytest.mark.parametrize(
    ("before", "now", "breaks"),
    [
        ({"a", "b"}, {"a"}, ["gone: b"]),
        ({"a"}, {"a", "b"}, []),
        ({"a"}, {"a", "! required: b"}, ["new: ! required: b"]),
        ({"a", "! required: b"}, {"a"}, []),
    ],
)
def test_what_goes_breaks_and_what_is_demanded_breaks(
    before: set[str], now: set[str], breaks: list[str]
) -> None:
    assert broken(before, now) == breaks


def test_every_snapshot_is_explained_and_checked() -> None:
    files = {path.stem for path in HERE.glob("*.txt")}
    explained = set(re.findall(r"`([a-z_]+)\.txt`", PAGE))
    assert files == set(SURFACES) == explained
