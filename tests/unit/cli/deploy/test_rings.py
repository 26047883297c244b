"""Rings: the order of stages and projects in one `up`, and the look at a ring before the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli import app
from stackyard_cli.deploy import rings
from stackyard_cli.deploy.rings import Dealt, Health, dealt
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.errors import StackyardError
from stackyard_cli.health import status
from stackyard_cli.health.check import Check
from tests.support.estates import SmallEstate

CLICKS = StackId.parse("ranking/clicks/dev")
RINGS = """\
name: acme
rings:
  - {name: first, stacks: ["team:platform"], green_minutes: 10}
  - {name: canary, stacks: ["ranking/*/dev"]}
"""


@pytest.fixture
def small(tmp_path: Path) -> SmallEstate:
    small = SmallEstate(tmp_path)
    small.write("_estate.yaml", RINGS)
    return small


def test_stacks_are_dealt_in_the_order_of_the_rings_and_the_rest_comes_last(
    small: SmallEstate,
) -> None:
    estate = Estate(small.root)
    found = [(ring.name, [str(s) for s in ring.stacks]) for ring in dealt(estate, estate.stacks())]
    assert found == [
        ("first", ["platform/foundation/dev", "platform/services/dev"]),
        ("canary", ["ranking/clicks/dev"]),
        ("rest", ["vision/defects/dev"]),
    ]
    assert dealt(estate, [CLICKS]) == [Dealt("canary", (CLICKS,))], "only what was selected"


def test_without_rings_all_stacks_are_one(tmp_path: Path) -> None:
    estate = Estate(SmallEstate(tmp_path).root)
    assert [ring.name for ring in dealt(estate, estate.stacks())] == ["rest"]


def test_an_upstream_in_a_later_ring_is_refused(small: SmallEstate) -> None:
    small.write("_estate.yaml", 'name: acme\nrings: [{name: early, stacks: ["team:ranking"]}]\n')
    estate = Estate(small.root)
    with pytest.raises(EstateError, match="ranking/clicks/dev is in the ring 'early'") as caught:
        dealt(estate, estate.stacks())
    assert "platform/foundation/dev, which is in the later ring 'rest'" in caught.value.message


def test_a_condition_that_no_stack_meets_is_an_error_of_the_file(
    small: SmallEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write("_estate.yaml", RINGS.replace("team:platform", "team:platfrom"))
    assert app.run(["validate", "--estate", str(small.root)]) == 2
    told = capsys.readouterr().err
    assert "stacks/_estate.yaml:3:28: `rings[0].stacks[0]`: no stack with team 'platfrom'" in told
    assert "did you mean `platform`?" in told


class Watched:
    """A ring whose concerns are told one look after the other, and a clock that sleeps move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *looks: str) -> None:
        self.now, self.looks = 0.0, list(looks)
        self.stops = StopSignals(print)
        nothing: Any = None
        self.health = Health(nothing, nothing, self.stops)
        monkeypatch.setattr(status, "concerns", self.concerns)

    def concerns(self, *_: object) -> list[Check]:
        problem = self.looks.pop(0) if self.looks else ""
        return [Check("logs and metrics", "problem" if problem else "ok", problem)]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, seconds: float) -> None:
        ring = Dealt("canary", (CLICKS,), seconds)
        self.health.await_green(ring, seconds, clock=lambda: self.now, sleep=self.sleep)


def test_a_green_ring_is_watched_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    watched.wait(100)
    assert watched.now == 100


def test_a_ring_is_looked_at_once_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StackyardError, match="the ring 'canary' is not green"):
        Watched(monkeypatch, "errors is on").wait(0)


def test_the_first_problem_stops_the_run_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, "", "", "errors is on")
    with pytest.raises(StackyardError) as caught:
        watched.wait(600)
    assert "ranking/clicks/dev: logs and metrics: errors is on" in caught.value.message
    assert "run the same command again" in str(caught.value.hint)
    assert watched.now == 2 * rings.POLL_SECONDS


def test_a_stop_signal_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    watched.stops.count = 1
    watched.wait(600)
    assert watched.now == 0
