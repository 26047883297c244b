"""Rounds of preview and apply over a chain of contracts, with an engine that only keeps notes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.deploy import apply, flow
from stackyard_cli.deploy.apply import Applied, ApplyOptions, apply_stacks
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.destroy import Destruction
from stackyard_cli.deploy.rings import Dealt
from stackyard_cli.engine.messages import Change, Operation, Result, Step
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import ExitCode, StackyardError

FOUNDATION, SERVICES, PROJECT = (
    StackId.parse(f"{path}/dev")
    for path in ("platform/foundation", "platform/services", "vision/defects")
)
OTHER = StackId.parse("ranking/recommender/dev")
CHAIN = [str(FOUNDATION), str(SERVICES), str(PROJECT)]
CONTRACT = Change("outputs.contract", "update", None, None)


class Notes:
    """Stands in for `Runner`: notes each operation, and writes a state for each apply."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[tuple[str, StackId]] = []
        self.changed: dict[StackId, Change] = {}
        self.failing: set[StackId] = set()
        self.same: set[StackId] = set()

    def run(self, task: Task, operation: Operation, **options: Any) -> Report:
        self.done.append((operation, task.stack))
        if task.stack in self.failing and operation != "preview":
            return Report(task, operation, Result("failed", problem="AWS refuses"))
        if operation == "up":
            self.state(task.stack)
        if task.stack in self.same:
            return Report(task, operation, Result("succeeded"))
        urn = f"urn:pulumi:dev::{task.stack.pulumi_project}::aws:sns/topic:Topic::one"
        changes = (self.changed[task.stack],) if task.stack in self.changed else ()
        step = Step("done", urn, "aws:sns/topic:Topic", "update", changes=changes)
        return Report(task, operation, Result("succeeded"), {urn: step})

    def record_as_applied(self, task: Task) -> None:
        """Do nothing: no test reads the record."""

    def state(self, stack: StackId) -> None:
        """Write the state of a stack that is applied, with a contract and one resource."""
        path = self.folder / ".pulumi/stacks" / stack.pulumi_project / f"{stack.stage}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        root = {"urn": "urn:0", "type": "pulumi:pulumi:Stack", "outputs": {"contract": {"a": 1}}}
        made = {"urn": "urn:1", "type": "aws:sns/topic:Topic", "custom": True}
        latest = {"resources": [root, made]}
        path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    kept = Notes(tmp_path / "backend")
    monkeypatch.setattr(flow, "Runner", lambda *_, **__: kept)
    monkeypatch.setattr(Workers, "prepare", lambda self, blueprints: None)
    return kept


@pytest.fixture
def deployment(root: Path, notes: Notes) -> Deployment:
    location = Location(root / "home", f"file://{notes.folder}", "passphrase", {})
    return Deployment(Estate(root), location, Engine(Path("/no/engine"), "3.0.0"))


@pytest.fixture
def applied(deployment: Deployment) -> Callable[[], Applied]:
    return lambda: apply_stacks(deployment, CHAIN, ApplyOptions(yes_to_all=True))


def test_a_stack_is_previewed_after_its_new_upstream_is_applied(
    applied: Callable[[], Applied], notes: Notes
) -> None:
    done = applied()
    assert notes.done == [
        (operation, stack)
        for stack in (FOUNDATION, SERVICES, PROJECT)
        for operation in ("preview", "up")
    ], "one round for each contract that did not exist"
    assert list(done.reports) == list(done.reviews) == [FOUNDATION, SERVICES, PROJECT]


def test_yes_answers_only_for_changes_that_were_known_when_the_run_began(
    deployment: Deployment, notes: Notes
) -> None:
    done = apply_stacks(deployment, CHAIN, ApplyOptions(yes=True))
    assert notes.done == [("preview", FOUNDATION), ("up", FOUNDATION), ("preview", SERVICES)]
    assert done.unseen == [SERVICES, PROJECT]
    with pytest.raises(StackyardError, match=f"not applied: {SERVICES} {PROJECT}") as caught:
        done.end()
    assert caught.value.code == ExitCode.CHANGES_PENDING


def test_yes_to_all_is_stronger_than_yes(deployment: Deployment, notes: Notes) -> None:
    done = apply_stacks(deployment, CHAIN, ApplyOptions(yes=True, yes_to_all=True))
    assert done.unseen == []
    assert list(done.reports) == [FOUNDATION, SERVICES, PROJECT]


def test_yes_goes_on_where_what_became_known_changes_nothing(
    deployment: Deployment, notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    notes.changed[FOUNDATION] = CONTRACT
    notes.same = {SERVICES, PROJECT}
    done = apply_stacks(deployment, CHAIN, ApplyOptions(yes=True))
    assert done.unseen == []
    assert list(done.reports) == [FOUNDATION, SERVICES, PROJECT]


def test_one_round_does_where_every_contract_stays(
    applied: Callable[[], Applied], notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    applied()
    assert [operation for operation, _ in notes.done] == ["preview"] * 3 + ["up"] * 3


def test_a_contract_that_changes_makes_every_stack_behind_it_unknown(
    applied: Callable[[], Applied], notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    notes.changed[FOUNDATION] = CONTRACT
    applied()
    assert notes.done[:3] == [("preview", FOUNDATION), ("up", FOUNDATION), ("preview", SERVICES)]


def test_a_failed_apply_ends_the_run_before_stacks_that_depend_on_it(
    applied: Callable[[], Applied], notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    notes.failing.add(SERVICES)
    done = applied()
    assert ("up", PROJECT) not in notes.done
    assert done.reports[PROJECT].result.problem == f"not started, as {SERVICES} is not applied"
    with pytest.raises(StackyardError, match=f"{SERVICES}, {PROJECT}: AWS refuses"):
        done.end()


def test_nothing_is_applied_where_the_upstream_is_not_selected(
    deployment: Deployment, notes: Notes
) -> None:
    with pytest.raises(StackyardError, match=f"unknown until `stackyard up {FOUNDATION}`"):
        apply_stacks(deployment, [str(PROJECT)], ApplyOptions(yes=True))
    assert notes.done == []


def test_a_destroy_goes_backwards_and_keeps_what_a_failure_still_needs(
    deployment: Deployment, notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    with pytest.raises(StackyardError, match=f"{PROJECT} still exist and depend on"):
        Destruction.of(deployment, CHAIN[:2])
    planned = Destruction.of(deployment, CHAIN)
    notes.failing.add(SERVICES)
    with flow.open_flow(deployment) as opened:
        reports = opened.destroy(planned.layers)
    assert notes.done == [("destroy", PROJECT), ("destroy", SERVICES)]
    assert not reports[FOUNDATION].ok


def test_a_destroy_goes_on_where_the_failure_needs_nothing(
    deployment: Deployment, notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT, OTHER):
        notes.state(stack)
    planned = Destruction.of(deployment, ["*/*/dev"])
    notes.failing.add(PROJECT)
    with flow.open_flow(deployment) as opened:
        reports = opened.destroy(planned.layers)
    assert reports[OTHER].ok
    assert not reports[SERVICES].ok


def test_a_preview_that_lost_its_worker_is_made_once_more(
    deployment: Deployment, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lost = notes.run, [True, False]

    def run(task: Task, operation: Operation, **options: Any) -> Report:
        report = real(task, operation, **options)
        if lost.pop(0):
            report.result = Result("failed", problem="the worker was killed", kind="worker")
        return report

    monkeypatch.setattr(notes, "run", run)
    previews = flow.preview_stacks(deployment, deployment.select([str(FOUNDATION)]))
    assert notes.done == [("preview", FOUNDATION)] * 2
    assert previews.reports[FOUNDATION].ok


class Green:
    """Stands in for `Health`: notes each ring that was looked at, and its time."""

    def __init__(self, *_: object) -> None:
        pass

    looked: ClassVar[list[tuple[str, float]]] = []
    problem: ClassVar[str] = ""

    def await_green(self, ring: Dealt, seconds: float) -> None:
        self.looked.append((ring.name, seconds))
        if ring.name == self.problem:
            raise StackyardError(f"the ring {ring.name!r} is not green")


@pytest.fixture
def ringed(root: Path, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    file = root / "stacks/_estate.yaml"
    first = "{name: first, stacks: ['team:platform'], green_minutes: 5}"
    file.write_text(f"{file.read_text()}rings: [{first}]\n")
    monkeypatch.setattr(apply, "Health", Green)
    monkeypatch.setattr(Green, "looked", [])
    monkeypatch.setattr(Green, "problem", "")
    return Deployment(Estate(root), deployment.location, deployment.engine)


def test_a_ring_is_applied_whole_and_green_before_the_next_is_previewed(
    ringed: Deployment, notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    done = apply_stacks(ringed, CHAIN, ApplyOptions(yes_to_all=True))
    assert notes.done == [
        *(
            (operation, stack)
            for operation in ("preview", "up")
            for stack in (FOUNDATION, SERVICES)
        ),
        ("preview", PROJECT),
        ("up", PROJECT),
    ]
    assert Green.looked == [("first", 300)]
    assert list(done.reports) == [FOUNDATION, SERVICES, PROJECT]


def test_a_ring_that_is_not_green_ends_the_run(ringed: Deployment, notes: Notes) -> None:
    Green.problem = "first"
    with pytest.raises(StackyardError, match="the ring 'first' is not green"):
        apply_stacks(ringed, CHAIN, ApplyOptions(yes_to_all=True))
    assert ("preview", PROJECT) not in notes.done


def test_a_run_goes_on_after_a_look_at_a_ring_that_is_applied_already(
    ringed: Deployment, notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    notes.same = {FOUNDATION, SERVICES}
    apply_stacks(ringed, CHAIN, ApplyOptions(yes_to_all=True))
    assert Green.looked == [("first", 0)]


def test_with_yes_the_changes_of_a_later_ring_are_left_out(
    ringed: Deployment, notes: Notes
) -> None:
    for stack in (FOUNDATION, SERVICES, PROJECT):
        notes.state(stack)
    done = apply_stacks(ringed, CHAIN, ApplyOptions(yes=True))
    assert done.unseen == [PROJECT]
