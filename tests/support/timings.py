"""How long set-up, lanes and the whole run took: printed at the end, as the limits are promised."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .lanes import lane

SHOWN = 12
"""Lanes that are printed, the longest first."""

WORTH_PRINTING = 60
"""Seconds of a run whose times are printed."""

SETUPS: dict[str, float] = {}
"""Seconds of named parts of a worker's set-up."""

_BEGIN = time.monotonic()


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Note how long a part of the set-up takes."""
    begin = time.monotonic()
    yield
    SETUPS[name] = SETUPS.get(name, 0.0) + time.monotonic() - begin


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send a worker's times to the controller."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["setups"] = SETUPS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over a worker's times."""
    for name, seconds in getattr(node, "workeroutput", {}).get("setups", {}).items():
        SETUPS[f"{name} ({node.gateway.id})"] = seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the times."""
    lanes: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                lanes[lane(report.nodeid)] += report.duration  # type: ignore[assignment]  # s
    if len(lanes) < 2 or time.monotonic() - _BEGIN < WORTH_PRINTING:
        return
    terminalreporter.section("times")
    for name, seconds in SETUPS.items():
        terminalreporter.write_line(f"{seconds:7.1f} s  set-up: {name}")
    for name, seconds in lanes.most_common(SHOWN):
        terminalreporter.write_line(f"{seconds:7.1f} s  {name}")
    terminalreporter.write_line(f"{sum(lanes.values()):7.1f} s  all lanes, one after the other")
    terminalreporter.write_line(f"{time.monotonic() - _BEGIN:7.1f} s  the whole run")
