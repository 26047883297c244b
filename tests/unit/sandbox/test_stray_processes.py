"""What runs is found again, also without its pid file; nothing starts while the cloud ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.processes import Process, end_strays


def test_a_process_without_its_pid_file_is_ended_and_its_neighbours_are_not(tmp_path: Path) -> None:
    lost = Process("lost", tmp_path / "sandbox" / "planes" / "a")
    neighbour = Process("neighbour", tmp_path / "sandbox-2" / "cloud")
    for each in (lost, neighbour):
        each.start(["sleep", "60"])
    pid = lost.pid
    record = lost.pid_file.read_text()
    lost.pid_file.unlink()
    try:
        assert end_strays(tmp_path / "sandbox") == [pid]
        lost.pid_file.write_text(record)
        assert not lost.alive()
        assert neighbour.alive()
        assert end_strays(tmp_path / "sandbox") == []
    finally:
        neighbour.stop()


def test_a_closed_fleet_starts_no_control_plane(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, 1)
    fleet.close()
    fleet._keep_spare()
    with pytest.raises(RuntimeError, match="stopping"):
        fleet.claim()
    assert list(tmp_path.iterdir()) == []
