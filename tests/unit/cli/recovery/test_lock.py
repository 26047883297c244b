"""Who holds a lock, and whether that process still lives; process numbers come again."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import Lock
from stackyard_cli.backend.errors import StateError
from stackyard_cli.backend.location import Location
from stackyard_cli.health import account
from stackyard_cli.recovery.lock import age_of, check_free, held, life_of
from tests.support.shell import Shell


def lock(pid: int, since: str, host: str | None = None) -> Lock:
    return Lock("key", pid, "ci", host or socket.gethostname(), since)


def now(**difference: float) -> str:
    return (datetime.now(UTC) + timedelta(**difference)).isoformat().replace("+00:00", "123Z")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
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


class Backend(Location):
    """A backend in a folder, with the locks of two stacks."""

    def lock(self, stack: StackId, pid: int, since: str, host: str = "") -> str:
        key = f"{self.state(stack).lock_prefix}{pid}.json"
        owner = {"pid": pid, "username": "ci", "hostname": host or socket.gethostname()}
        self.store.put(key, json.dumps({**owner, "timestamp": since}).encode())
        return key


ONE, OTHER = StackId("vision", "defects", "dev"), StackId("vision", "defects", "prod")


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path, f"file://{tmp_path / 'backend'}", "passphrase", {})


def test_only_the_locks_of_the_chosen_stacks_count(backend: Backend) -> None:
    check_free(backend, [ONE, OTHER])
    backend.lock(OTHER, os.getpid(), now(minutes=-125))
    check_free(backend, [ONE])
    [found] = held(backend, [ONE, OTHER])
    assert (found.stack, found.life) == (OTHER, "dead")
    assert str(found).endswith(", 2 h 5 min ago; it has ended")


def test_what_is_held_is_refused_with_who_since_when_and_what_to_do(
    backend: Backend, engine: subprocess.Popen[bytes]
) -> None:
    backend.lock(OTHER, engine.pid, now())
    backend.lock(ONE, 7, "2026-01-01T00:00:00Z", "runner-7")
    with pytest.raises(StateError, match=r"ci@runner-7 .* since 2026-01-01.* days ago") as caught:
        check_free(backend, [ONE, OTHER])
    assert caught.value.hint == f"after a crash run `stackyard recover {ONE}`"
    assert [line for line in caught.value.details if "it is alive" in line], "every stack is named"
    with pytest.raises(StateError) as caught:
        check_free(backend, [OTHER])
    assert caught.value.hint == f"wait for it, or stop it with `kill -INT {engine.pid}`"


@pytest.mark.parametrize(
    ("since", "age"),
    [
        ("1970-01-01T00:00:00Z", "0 min ago"),
        ("1969-12-31T20:00:00Z", "4 h 0 min ago"),
        ("1969-12-20T00:00:00Z", "12 days ago"),
        ("never", "of unknown age"),
    ],
)
def test_ages(since: str, age: str) -> None:
    assert age_of(lock(1, since), 1.0) == age


class Unlocking:
    """`unlock` on the lock of a process, as somebody types it."""

    def __init__(self, shell: Shell, backend: Backend, patch: pytest.MonkeyPatch) -> None:
        self.shell, self.backend = shell, backend
        patch.setattr("stackyard_cli.backend.location.location_of_estate", lambda estate: backend)

    def __call__(self, *words: str) -> int:
        return self.shell.run("unlock", str(ONE), *words)


@pytest.fixture
def unlock(shell: Shell, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Unlocking:
    return Unlocking(shell, backend, monkeypatch)


def test_unlock_refuses_while_the_holder_lives(
    unlock: Unlocking, engine: subprocess.Popen[bytes]
) -> None:
    key = unlock.backend.lock(ONE, engine.pid, now())
    assert unlock("--yes") == 1
    assert "which still runs" in unlock.shell.err
    assert unlock.backend.store.get(key)
    engine.kill()
    engine.wait()
    assert unlock("--yes") == 0
    assert unlock.backend.store.get(key) is None


def test_unlock_asks_for_the_name_and_says_what_comes_next(
    unlock: Unlocking, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = unlock.backend.lock(ONE, os.getpid(), now(minutes=-3))
    assert unlock() == 2
    assert "3 min ago; it has ended" in unlock.shell.err
    assert "add `--yes`" in unlock.shell.err
    monkeypatch.setattr("stackyard_cli.render.ask", lambda question: "vision/defects/prod")
    assert unlock() == 2
    assert unlock.backend.store.get(key)
    monkeypatch.setattr("stackyard_cli.render.ask", lambda question: str(ONE))
    assert unlock() == 0
    assert f"run `stackyard recover {ONE}` next" in unlock.shell.out
    assert unlock() == 0
    assert "is not locked" in unlock.shell.out


def test_unlock_of_another_hosts_lock_needs_its_holder_named(unlock: Unlocking) -> None:
    key = unlock.backend.lock(ONE, 7, "2026-01-01T00:00:00Z", "runner-7")
    assert unlock("--yes") == 1
    assert "--take-over ci@runner-7" in unlock.shell.err
    assert unlock("--yes", "--take-over", "ci@runner-8") == 1
    assert unlock.backend.store.get(key)
    assert unlock("--yes", "--take-over", "ci@runner-7") == 0
    assert unlock.backend.store.get(key) is None


def test_doctor_tells_a_living_holder_from_a_dead_one(
    backend: Backend, engine: subprocess.Popen[bytes]
) -> None:
    backend.lock(ONE, engine.pid, now())
    backend.lock(OTHER, os.getpid(), now())
    alive, dead = (account.lock(one) for one in held(backend, [ONE, OTHER]))
    assert (alive.name, alive.state) == (f"lock {ONE}", "ok")
    assert dead.state == "problem"
    assert f"stackyard unlock {OTHER}" in str(dead.hint)
