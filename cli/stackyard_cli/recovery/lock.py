"""Whether the process that holds a stack's lock still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Literal

from stackyard_cli.engine.checkpoint import Lock

Life = Literal["alive", "dead", "elsewhere"]


def life_of(lock: Lock) -> Life:
    """Say what can be known about the holder; another host's process cannot be looked at."""
    if lock.hostname != socket.gethostname():
        return "elsewhere"
    try:
        os.kill(lock.pid, 0)
    except ProcessLookupError:
        return "dead"
    except PermissionError:
        return "alive"
    return "alive" if not _is_zombie(lock.pid) else "dead"


def _is_zombie(pid: int) -> bool:
    """Say whether a process has ended and only waits to be reaped (Linux; elsewhere no)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "Z"
