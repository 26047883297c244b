"""Ctrl-C, SIGTERM, and a killed tool: what is in the cloud and what is in the state agree."""

from __future__ import annotations

import os
import signal
import time
from random import Random
from typing import Any

import pytest

from .harness import STACK, Harness, until

GRACEFUL = int(os.environ.get("STACKYARD_STOPS", "2"))
"""Trials of each kind; `make chaos` raises it."""

THINGS: dict[str, Any] = {"things": 12, "seconds": 0.8}
"""Takes 2.4 s in the cloud at least, so that a signal within 1.8 s always hits."""


def settled(harness: Harness) -> None:
    """Nothing is locked or pending, and state and cloud are the same."""
    state = harness.location.state(STACK)
    assert state.locks() == []
    checkpoint = state.read()
    assert checkpoint is not None
    assert checkpoint.pending == []
    assert harness.ids() == harness.held()


@pytest.mark.parametrize("trial", range(GRACEFUL))
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_one_signal_stops_gracefully(harness: Harness, trial: int, name: str, rng: Random) -> None:
    tool = harness.tool(**THINGS)
    time.sleep(rng.uniform(0.0, 1.8))
    # As a terminal does it: the signal goes to the whole process group of the tool.
    os.killpg(tool.pid, getattr(signal, name))
    out, err = tool.communicate(timeout=60)
    assert tool.returncode == 130, (out, err)
    assert "stopping" in err
    if harness.location.state(STACK).raw() is None:
        return
    settled(harness)
    report = harness.run("up", **THINGS)
    assert report.ok, report.result
    assert harness.things() == sorted(f"thing-{index}" for index in range(12))
    settled(harness)


def test_a_stop_in_the_middle_leaves_the_rest_unmade(harness: Harness) -> None:
    tool = harness.tool(things=30, seconds=0.5)
    until(harness.things)
    os.killpg(tool.pid, signal.SIGINT)
    tool.communicate(timeout=60)
    assert 0 < len(harness.things()) < 30
    settled(harness)


def test_the_second_signal_stops_at_once_and_recover_puts_it_right(harness: Harness) -> None:
    tool = harness.tool(things=6, seconds=8)
    until(harness.creating)
    before = time.monotonic()
    os.killpg(tool.pid, signal.SIGINT)
    time.sleep(0.5)
    os.killpg(tool.pid, signal.SIGINT)
    _, err = tool.communicate(timeout=30)
    assert time.monotonic() - before < 8  # each of the things takes 8 s: none was waited for
    assert tool.returncode == 130
    assert "at once" in err
    refused = harness.run("up", things=6)
    assert not refused.ok
    assert "recover" in (refused.result.hint or "")
    time.sleep(8)  # the provider goes on with what it had begun
    harness.recover()
    settled(harness)


def test_a_killed_tool_stops_its_engine_gracefully(harness: Harness) -> None:
    tool = harness.tool(**THINGS)
    until(harness.creating)
    tool.kill()
    tool.wait()
    until(lambda: not harness.location.state(STACK).locks())
    settled(harness)
    assert len(harness.things()) < 12


def test_a_signal_before_the_engine_has_begun_starts_nothing(harness: Harness) -> None:
    harness.stops.count = 1
    report = harness.run("up", **THINGS)
    assert report.result.outcome == "interrupted"
    assert harness.things() == []
    settled(harness)
