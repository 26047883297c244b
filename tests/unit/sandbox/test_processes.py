"""Supervised processes, ports, locks and folders, with real small programs."""

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from stackyard_sandbox import paths, processes
from stackyard_sandbox.processes import Process, free_ports, wait_until, write_private

SLEEPER = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
STUBBORN = [SLEEPER[0], "-c", IGNORES + SLEEPER[2]]


def started(folder: Path, command: list[str]) -> Process:
    process = Process("sleeper", folder)
    process.start(command)
    assert wait_until(lambda: "up" in process.last_lines(), 10)
    return process


def test_a_process_is_found_again_by_another_object(tmp_path: Path) -> None:
    process = started(tmp_path, SLEEPER)
    found = Process("sleeper", tmp_path)

    assert found.pid == process.pid
    assert found.rss() > 1_000_000
    assert os.getsid(found.pid or 0) == found.pid
    assert stat.S_IMODE(process.log.stat().st_mode) == 0o600
    assert stat.S_IMODE(process.pid_file.stat().st_mode) == 0o600
    with pytest.raises(RuntimeError, match="already runs"):
        found.start(SLEEPER)
    found.stop()
    assert not process.alive()
    assert not process.pid_file.exists()
    process.stop()


def test_a_stubborn_process_is_killed(tmp_path: Path) -> None:
    process = started(tmp_path, STUBBORN)
    process.stop(grace=0.2)
    assert not process.alive()


def test_a_dead_child_does_not_look_alive(tmp_path: Path) -> None:
    process = Process("short", tmp_path)
    process.start([sys.executable, "-c", "print('said')"])
    assert wait_until(lambda: not process.alive(), 10)
    assert process.last_lines() == "said"
    assert process.rss() == 0


def test_a_recycled_pid_is_left_alone(tmp_path: Path) -> None:
    process = started(tmp_path, SLEEPER)
    pid = process.pid
    other = Process("other", tmp_path)
    write_private(other.pid_file, f"{pid} 1@another-boot\n")
    other.stop()

    assert not other.alive()
    assert process.alive()
    process.stop()


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    for word in ("first", "second", "third"):
        process = Process("talker", tmp_path)
        process.start([sys.executable, "-c", f"print('{word}')"])
        assert wait_until(lambda: not Process("talker", tmp_path).alive(), 10)
    assert process.last_lines() == "third"
    assert (tmp_path / "talker.previous.log").read_text() == "second\n"


def test_ports_are_kept_while_they_are_free() -> None:
    first = free_ports(3)
    assert len(set(first)) == 3
    assert free_ports(3, first) == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first[1]))
        taken.listen()
        after = free_ports(3, first)
    assert (after[0], after[2]) == (first[0], first[2])
    assert after[1] not in first


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old, and readable by all")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_waiting_ends() -> None:
    assert not wait_until(lambda: False, 0.05)
    assert processes.wait_until(lambda: True, 0)


def test_folders_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "STACKYARD_CACHE_DIR",
        "STACKYARD_SANDBOX_DIR",
        "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.toolchain_cache() == tmp_path / ".cache/stackyard"
    assert paths.sandbox_home() == tmp_path / ".local/state/stackyard/sandbox"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert paths.toolchain_cache() == tmp_path / "xdg/stackyard"
    monkeypatch.setenv("STACKYARD_SANDBOX_DIR", str(tmp_path / "own"))
    assert paths.sandbox_home() == tmp_path / "own"
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700
