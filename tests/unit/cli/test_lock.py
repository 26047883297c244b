"""Who holds a lock, and whether that process still lives; process numbers come again."""

import os
import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stackyard_cli.engine.checkpoint import Lock
from stackyard_cli.recovery.lock import life_of


def lock(pid: int, since: str, host: str | None = None) -> Lock:
    return Lock("key", pid, "ci", host or socket.gethostname(), since)


def now(**difference: float) -> str:
    return (datetime.now(UTC) + timedelta(**difference)).isoformat().replace("+00:00", "123Z")


@pytest.fixture
def engine(tmp_path: Path) -> subprocess.Popen[bytes]:
    """A process that is called like an engine."""
    binary = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", binary)
    started = subprocess.Popen([binary, "60"])
    yield started
    started.kill()
    started.wait()


def test_the_holder_lives(engine: subprocess.Popen[bytes]) -> None:
    assert life_of(lock(engine.pid, now())) == "alive"


def test_an_engine_that_started_after_the_lock_is_another(engine: subprocess.Popen[bytes]) -> None:
    assert life_of(lock(engine.pid, now(hours=-1))) == "dead"


def test_a_process_that_is_no_engine_is_not_the_holder() -> None:
    assert life_of(lock(os.getpid(), now())) == "dead"


def test_an_ended_engine_is_dead_even_before_it_is_reaped(engine: subprocess.Popen[bytes]) -> None:
    engine.kill()
    os.waitid(os.P_PID, engine.pid, os.WEXITED | os.WNOWAIT)
    assert life_of(lock(engine.pid, now())) == "dead"


def test_another_host_cannot_be_looked_at(engine: subprocess.Popen[bytes]) -> None:
    assert life_of(lock(engine.pid, now(), "runner-7")) == "elsewhere"


def test_a_lock_without_a_time_is_taken_for_alive(engine: subprocess.Popen[bytes]) -> None:
    assert life_of(lock(engine.pid, "unknown")) == "alive"
