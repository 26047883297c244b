"""Reads the locks of stacks: owner, age, and whether the owner's process still runs."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import Lock
from stackyard_cli.backend.errors import StateError

if TYPE_CHECKING:
    from stackyard_cli.backend.location import Location

Life = Literal["alive", "dead", "elsewhere"]

LIVES: dict[Life, str] = {
    "alive": "it is alive",
    "dead": "it has ended",
    "elsewhere": "whether it lives cannot be seen from here",
}

LOCKS = ".pulumi/locks/"
"""Prefix of locks in a self-managed backend, one object for each holder of a stack."""

SLACK = 5.0
"""Tolerance in seconds between a lock's time and its holder's start, for clocks and ticks."""


@dataclass(frozen=True)
class Held:
    """A locked stack and its holder."""

    stack: StackId
    lock: Lock
    life: Life

    def __str__(self) -> str:
        return f"{self.lock}, {age_of(self.lock)}; {LIVES[self.life]}"


def held(location: Location, stacks: Iterable[StackId]) -> list[Held]:
    """Return every lock on these stacks; one listing of the backend, whatever their number."""
    keys = location.store.keys(LOCKS)
    locks: list[Held] = []
    for stack in stacks:
        state = location.state(stack)
        if any(key.startswith(state.lock_prefix) for key in keys):
            locks += [Held(stack, lock, life_of(lock)) for lock in state.locks()]
    return locks


def check_free(location: Location, stacks: Iterable[StackId]) -> None:
    """Refuse locked stacks, before anything is previewed; raises StateError."""
    if not (locks := held(location, stacks)):
        return
    first = locks[0]
    if first.life == "alive":
        hint = f"wait for it, or stop it with `kill -INT {first.lock.pid}`"
    else:
        hint = f"after a crash run `stackyard recover {first.stack}`"
    raise StateError(
        f"{first.stack} is locked by {first}",
        hint=hint,
        details=[f"{one.stack} is locked by {one}" for one in locks[1:]],
        facts={"locks": {str(one.stack): str(one) for one in locks}},
    )


def check_dead(lock: Lock, stack: StackId, take_over: str | None) -> None:
    """Refuse to remove the lock of a holder that runs, or may run; raises StateError.

    `take_over` names the holder (`user@host`) of a lock made on another machine.
    """
    life = life_of(lock)
    holder = f"{lock.username}@{lock.hostname}"
    if life == "alive":
        raise StateError(
            f"{stack} is being changed by {lock}, which still runs",
            hint=f"wait for it, or stop it with `kill -INT {lock.pid}`",
        )
    if life == "elsewhere" and take_over != holder:
        raise StateError(
            f"{stack} is locked by {lock}, a process of another machine",
            hint=f"make sure it has ended, then add `--take-over {holder}`",
        )


def age_of(lock: Lock, now: float | None = None) -> str:
    """Return the age of a lock as text, in minutes, hours or days."""
    taken = _seconds(lock.since)
    if taken is None:
        return "of unknown age"
    minutes = max(int(((now or time.time()) - taken) // 60), 0)
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min ago" if hours < 48 else f"{hours // 24} days ago"


def life_of(lock: Lock) -> Life:
    """Return whether the holder runs; for a process of another host it is unknown.

    A process with the lock's number is the holder only if it is an engine that started before the
    lock was taken: process numbers are reused.
    """
    if lock.hostname != socket.gethostname():
        return "elsewhere"
    if not is_engine(lock.pid):
        return "dead"
    began, taken = _began(lock.pid), _seconds(lock.since)
    if began is not None and taken is not None and began > taken + SLACK:
        return "dead"
    return "alive"


def is_engine(pid: int) -> bool:
    """Return whether a process runs and is a Pulumi CLI; a zombie process does not run."""
    words = ["ps", "-p", str(pid), "-o", "stat=", "-o", "comm="]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    state, _, command = answer.stdout.strip().partition(" ")
    return bool(command) and not state.startswith("Z") and "pulumi" in Path(command.strip()).name


def _began(pid: int) -> float | None:
    """Return the start of a process, in seconds since 1970; None if /proc has no entry.

    Source: field 22 of /proc/PID/stat and `btime` of /proc/stat, proc_pid_stat(5).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
    except OSError:
        return None
    ticks = float(fields[19]) / os.sysconf("SC_CLK_TCK")
    return float(boot[1]) + ticks if boot else None


def _seconds(text: str) -> float | None:
    """Parse a time in Go's format, with up to nine digits of a second."""
    short = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        read = datetime.fromisoformat(short)
    except ValueError:
        return None
    return read.timestamp() if read.tzinfo else time.mktime(read.timetuple())
