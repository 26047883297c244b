"""Checks of the machine: free space on the disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from stackyard_cli.health import machine


@pytest.mark.parametrize(("gigabytes", "state"), [(7, "problem"), (9, "ok")])
def test_a_disk_that_is_nearly_full_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gigabytes: int, state: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # nothing is built in this home
    monkeypatch.setenv("STACKYARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STACKYARD_SANDBOX_DIR", str(tmp_path / "sandbox"))
    check = machine.disk("disk", partial(lambda free, _: free * 1_000_000_000, gigabytes))
    assert check.state == state
    assert str(tmp_path / "sandbox") in check.detail
