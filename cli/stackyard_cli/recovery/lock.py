"""Whether the process that holds a stack's lock still lives."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Literal

from stackyard_cli.engine.checkpoint import Lock

Life = Literal["alive", "dead", "elsewhere"]

SLACK = 5.0
"""Seconds between a lock's time and its holder's start that clocks and ticks may differ by."""


def life_of(lock: Lock) -> Life:
    """Say what can be known about the holder; another host's process cannot be looked at.

    A process with the lock's number is the holder only if it is an engine that started before the
    lock was taken: numbers are used again.
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
    """Say whether a process runs, and is a Pulumi CLI; one that waits to be reaped does not run."""
    words = ["ps", "-p", str(pid), "-o", "stat=", "-o", "comm="]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    state, _, command = answer.stdout.strip().partition(" ")
    return bool(command) and not state.startswith("Z") and "pulumi" in Path(command.strip()).name


def _began(pid: int) -> float | None:
    """Return when a process started, in seconds since 1970; None where /proc does not tell.

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
    """Read a time as Go writes it, with up to nine digits of a second."""
    short = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        read = datetime.fromisoformat(short)
    except ValueError:
        return None
    return read.timestamp() if read.tzinfo else time.mktime(read.timetuple())
