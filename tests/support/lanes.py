"""Lanes: which tests stay on one worker of pytest-xdist, and which start first.

A file is a lane, unless several share what takes long to set up. Every worker that takes a lane of
the end-to-end tests has a sandbox of its own, a copy of the one in which the estate was applied
(`tests/support/copies.py`), so lanes scale with the cores.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

E2E = "tests/e2e/"
DATABASE = "tests/e2e: database and tracking server"
"""A PostgreSQL server, and the tracking server on it: one lane, so that one worker starts them."""

TOGETHER = {
    f"{E2E}test_{name}.py": DATABASE
    for name in ("branching", "hybrid", "models", "rotation", "tracking", "tuning")
}

FIRST = (
    f"{E2E}test_pull_request.py",
    f"{E2E}test_quickstart.py",
    "tests/engine/test_down_and_up.py",
    "tests/engine/test_karpenter.py",
    f"{E2E}test_judges.py",
    DATABASE,
    "tests/engine/test_foundation.py",
    f"{E2E}test_stops.py",
    "tests/engine/test_karpenter_jobs.py",
    f"{E2E}test_access.py",
    E2E,
    "tests/engine/",
    "tests/stacks/",
    "tests/unit/",
)
"""Beginnings of lanes, the longest first: one worker would be waited for at the end otherwise.

Tests that mostly wait (for Karpenter) run beside some that need the cores."""

MEMORY_OF_A_WORKER = 3 * 2**30
"""Bytes that a worker may need: a sandbox of its own, the engine, and the processes of tests."""


def lane(nodeid: str) -> str:
    """Return the lane of a test."""
    file, _, test = nodeid.partition("::")
    if file == f"{E2E}test_stops.py":
        return f"{file} {test.partition('[')[0]}"  # each trial begins and ends with all applied
    return TOGETHER.get(file, file)


def place(nodeid: str) -> int:
    """Return the place of a test's lane in the order of starts."""
    name = lane(nodeid)
    return next(place for place, start in enumerate(FIRST) if name.startswith(start))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest lanes first."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers for `-n auto`: one for each core that has the memory for it."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    return max(2, min(cores, memory // MEMORY_OF_A_WORKER))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole lanes (the groups of pytest-xdist 3.8 do not work in pytest 9.2)."""
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)

    return Lanes(config, log)
