"""How a run goes about its stacks: how many at once, which previews, what after a failure."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

MEMORY_INFO = Path("/proc/meminfo")

MEMORY_OF_A_STACK = 400 * 2**20
"""Bytes that a running stack needs: its worker, its engine and its policy analyser."""


def default_parallel() -> int:
    """Return the number of stacks that run at once by default: one a core, if memory allows."""
    return max(1, min(_cores(), _available_memory() // MEMORY_OF_A_STACK))


def _cores() -> int:
    """Return the cores that this process may use; on other systems than Linux, all of them."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def _available_memory() -> int:
    """Return the bytes that new processes can use without swapping (proc(5), MemAvailable).

    Other systems than Linux have no such file: there it is all of the memory.
    """
    if MEMORY_INFO.exists():
        for line in MEMORY_INFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Pace:
    """How a run goes about its stacks."""

    parallel: int = field(default_factory=default_parallel)
    """Number of stacks that run at once."""

    fail_fast: bool = False
    """After the first failure no further stack starts; else those that do not depend on it do."""


def pace_of(parallel: int | None, *, fail_fast: bool = False) -> Pace:
    """Return the pace that options ask for; None for the default number of parallel stacks."""
    return Pace(parallel or default_parallel(), fail_fast)


@dataclass(frozen=True)
class FlowOptions:
    """How a run previews and applies its stacks."""

    values: bool = False
    """Previews show old and new values."""

    enforce_policies: bool = True
    applies: bool = False
    """The worker of a preview stays alive for the apply of the same stack, about 180 MB each."""

    skip_unchanged: bool = False
    """Stacks of which nothing changed since their last successful run get no preview."""

    pace: Pace = field(default_factory=Pace)
