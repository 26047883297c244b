"""Ctrl-C, SIGTERM, and a killed tool: what is in the cloud and what is in the state agree."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from yard import STACK, FakeYard, until

GRACEFUL = int(os.environ.get("STACKYARD_STOPS", "2"))
"""Trials of each kind; `make test-kill` raises it."""

THINGS = {"things": 12, "seconds": 0.8}
"""Takes 2.4 s in the cloud at least, so that a signal within 1.8 s always hits."""


def settled(yard: FakeYard) -> None:
    """Nothing is locked or pending, and state and cloud are the same."""
    state = yard.location.state(STACK)
    assert state.locks() == []
    checkpoint = state.read()
    assert checkpoint is not None
    assert checkpoint.pending == []
    assert yard.ids() == yard.held()


@pytest.mark.parametrize("trial", range(GRACEFUL))
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_one_signal_stops_gracefully(yard: FakeYard, trial: int, name: str) -> None:
    tool = yard.tool(**THINGS)
    time.sleep(random.uniform(0.0, 1.8))
    # As a terminal does it: the signal goes to the whole process group of the tool.
    os.killpg(tool.pid, getattr(signal, name))
    out, err = tool.communicate(timeout=60)
    assert tool.returncode == 130, (out, err)
    assert "stopping" in err
    if yard.location.state(STACK).raw() is None:
        return
    settled(yard)
    report = yard.run("up", **THINGS)
    assert report.ok, report.result
    assert yard.things() == sorted(f"thing-{index}" for index in range(12))
    settled(yard)


def test_a_stop_in_the_middle_leaves_the_rest_unmade(yard: FakeYard) -> None:
    tool = yard.tool(things=30, seconds=0.5)
    until(yard.things)
    os.killpg(tool.pid, signal.SIGINT)
    tool.communicate(timeout=60)
    assert 0 < len(yard.things()) < 30
    settled(yard)


def test_the_second_signal_stops_at_once_and_recover_puts_it_right(yard: FakeYard) -> None:
    tool = yard.tool(things=6, seconds=8)
    until(yard.creating)
    before = time.monotonic()
    os.killpg(tool.pid, signal.SIGINT)
    time.sleep(0.5)
    os.killpg(tool.pid, signal.SIGINT)
    _, err = tool.communicate(timeout=30)
    assert time.monotonic() - before < 8  # each of the things takes 8 s: none was waited for
    assert tool.returncode == 130
    assert "at once" in err
    refused = yard.run("up", things=6)
    assert not refused.ok
    assert "recover" in (refused.result.hint or "")
    time.sleep(8)  # the provider goes on with what it had begun
    yard.recover()
    settled(yard)


def test_a_killed_tool_stops_its_engine_gracefully(yard: FakeYard) -> None:
    tool = yard.tool(**THINGS)
    until(yard.creating)
    tool.kill()
    tool.wait()
    until(lambda: not yard.location.state(STACK).locks())
    settled(yard)
    assert len(yard.things()) < 12


def test_a_signal_before_the_engine_has_begun_starts_nothing(yard: FakeYard) -> None:
    yard.stops.count = 1
    report = yard.run("up", **THINGS)
    assert report.result.outcome == "interrupted"
    assert yard.things() == []
    settled(yard)
