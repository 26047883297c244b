"""The order in which stacks start and end."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from stackyard.naming import StackId
from stackyard_cli.deploy import options
from stackyard_cli.deploy.options import Pace
from stackyard_cli.deploy.order import Operate, Reports, run_in_dependency_order
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.messages import Result
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Report, Task


def task(path: str, *upstreams: Task) -> Task:
    reads = {one.stack.project: one.stack for one in upstreams}
    return Task(StackId.parse(path), "project", {}, "", reads)


DEV, PROD = task("platform/foundation/dev"), task("platform/foundation/prod")
DEV_MODEL, PROD_MODEL = task("vision/defects/dev", DEV), task("vision/defects/prod", PROD)
LAYERS = [[DEV, PROD], [DEV_MODEL, PROD_MODEL]]


def run(operate: Operate, pace: Pace, layers: Sequence[Sequence[Task]] = LAYERS) -> Reports:
    return run_in_dependency_order(
        layers, operate, stops=StopSignals(print), progress=Progress(quiet=True), pace=pace
    )


def done(one: Task, problem: str | None = None) -> Report:
    outcome = Result("failed", problem=problem) if problem else Result("succeeded")
    return Report(one, "up", outcome)


def test_a_stack_starts_when_its_own_upstreams_are_done() -> None:
    model_began = threading.Event()

    def operate(one: Task, _earlier: Reports) -> Report:
        if one is DEV_MODEL:
            model_began.set()
        if one is PROD:
            assert model_began.wait(20), "the stack of dev waited for a foundation of prod"
        return done(one)

    reports = run(operate, Pace(2))
    assert list(reports) == [task.stack for layer in LAYERS for task in layer]


def test_a_stack_sees_the_reports_of_its_upstreams() -> None:
    seen: dict[StackId, set[StackId]] = {}

    def operate(one: Task, earlier: Reports) -> Report:
        seen[one.stack] = set(earlier)
        return done(one)

    run(operate, Pace(4))
    assert DEV.stack in seen[DEV_MODEL.stack]
    assert PROD.stack in seen[PROD_MODEL.stack]


@pytest.mark.parametrize("parallel", [1, 3])
def test_no_more_stacks_run_at_once_than_asked(parallel: int) -> None:
    lock, most, now = threading.Lock(), 0, 0
    room = threading.Barrier(parallel)

    def operate(one: Task, _earlier: Reports) -> Report:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        room.wait(20)  # as many run at once as may
        with lock:
            now -= 1
        return done(one)

    run(operate, Pace(parallel), [[task(f"vision/p{n}/dev") for n in range(6)]])
    assert most == parallel


@pytest.mark.parametrize(("fail_fast", "started"), [(False, 4), (True, 1)])
def test_a_failure_ends_the_run_only_on_request(fail_fast: bool, started: int) -> None:
    def operate(one: Task, _earlier: Reports) -> Report:
        return done(one, "AWS refuses" if one is DEV else None)

    assert len(run(operate, Pace(1, fail_fast=fail_fast))) == started


def test_a_signal_ends_the_start_of_stacks() -> None:
    stops = StopSignals(print)

    def operate(one: Task, _earlier: Reports) -> Report:
        stops.count = 1
        return done(one)

    progress = Progress(quiet=True)
    reports = run_in_dependency_order(LAYERS, operate, stops=stops, progress=progress, pace=Pace(1))
    assert list(reports) == [DEV.stack]


def test_a_destroy_waits_for_readers() -> None:
    began: list[StackId] = []

    def operate(one: Task, _earlier: Reports) -> Report:
        began.append(one.stack)
        return done(one)

    readers = {DEV.stack: [DEV_MODEL.stack], PROD.stack: [PROD_MODEL.stack]}
    run_in_dependency_order(
        LAYERS,
        operate,
        stops=StopSignals(print),
        progress=Progress(quiet=True),
        pace=Pace(1),
        waits_for=lambda one: readers.get(one.stack, ()),
    )
    assert began.index(DEV_MODEL.stack) < began.index(DEV.stack)
    assert began.index(PROD_MODEL.stack) < began.index(PROD.stack)


def test_stacks_at_once_follow_cores_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)))
    for megabytes, stacks in ((100, 1), (1300, 3), (100_000, 8)):
        available = megabytes * 2**20
        monkeypatch.setattr(options, "_available_memory", lambda free=available: free)
        assert options.default_parallel() == stacks


def test_stacks_at_once_are_known_on_other_systems_than_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(options, "MEMORY_INFO", tmp_path / "none")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert options.default_parallel() == 1
