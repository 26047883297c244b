"""The state machine's text: where each branch leads, whatever a run brings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from stackyard.pipeline.config import ApprovalsConfig, PipelineConfig
from stackyard.pipeline.definition import APPROVAL, Parts, definition

CONFIG = {"train": "fit", "evaluate": "judge", "metric": "f1", "deploy": "inspector"}
PARTS = Parts(
    partition="aws",
    jobs_function="arn:jobs",
    release_function="arn:release",
    bucket="reports",
    topic="arn:topic",
    bake_project="bake",
    models="s3://models/registered",
    repository="vision/defects/dev/inspector",
    registry="registry",
    train={"kind": "Job", "metadata": {"name": "fit"}, "spec": {"activeDeadlineSeconds": 86_400}},
    evaluate={
        "kind": "Job",
        "metadata": {"name": "judge"},
        "spec": {"activeDeadlineSeconds": 3600},
    },
    deployment={"kind": "Deployment"},
    patience_seconds=600,
)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "BooleanEquals": lambda one, other: one is other,
    "StringEquals": lambda one, other: one == other,
    "StringMatches": fnmatchcase,
    "NumericGreaterThan": lambda one, other: one > other,
    "NumericLessThan": lambda one, other: one < other,
}


def states(*, approvals: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    wanted = PipelineConfig.model_validate({**CONFIG, **config})
    rule = ApprovalsConfig.model_validate(approvals or {})
    found: dict[str, Any] = definition(wanted, rule, PARTS, stack="vision/defects/dev")["States"]
    return found


def value(path: str, data: Any) -> Any:
    for name in path.removeprefix("$.").split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data


def holds(rule: dict[str, Any], data: dict[str, Any]) -> bool:
    if "And" in rule:
        return all(holds(each, data) for each in rule["And"])
    actual = value(rule["Variable"], data)
    (operator,) = set(rule) - {"Variable", "Next"}
    if operator == "IsPresent":
        return (actual is not None) is rule[operator]
    expected = rule[operator]
    if operator.endswith("Path"):
        operator = operator.removesuffix("Path")
        expected = value(expected, data)
    return bool(COMPARISONS[operator](actual, expected))


def chosen(state: dict[str, Any], data: dict[str, Any]) -> str:
    """Return where a Choice leads."""
    return next(
        (str(rule["Next"]) for rule in state["Choices"] if holds(rule, data)), state["Default"]
    )


def following(state: dict[str, Any]) -> set[str]:
    """Return every state that may come next."""
    found = {state[key] for key in ("Next", "Default") if key in state}
    found |= {rule["Next"] for rule in state.get("Choices", [])}
    return found | {catch["Next"] for catch in state.get("Catch", [])}


def reached(found: dict[str, Any], start: str, without: str = "") -> set[str]:
    """Return all states that a run can come to from one, if another is closed."""
    seen: set[str] = set()
    open_ = [start]
    while open_:
        name = open_.pop()
        if name not in seen and name != without:
            seen.add(name)
            open_ += following(found[name])
    return seen


def test_every_state_is_reached_and_every_run_ends() -> None:
    found = states(approvals={"prevent_self_approval": True})
    assert reached(found, "Who started it?") == set(found)
    ends = {name for name, state in found.items() if state["Type"] in ("Succeed", "Fail")}
    assert all(reached(found, name) & ends for name in found)


@pytest.mark.parametrize("closed", [APPROVAL, "Read answer", "Who answered?", "Decide", "Bake"])
def test_nothing_is_deployed_without(closed: str) -> None:
    assert "Deploy" not in reached(states(), "Who started it?", without=closed)


@pytest.mark.parametrize(
    ("direction", "candidate", "champion", "known", "expected"),
    [
        ("maximize", 0.9, 0.8, True, APPROVAL),
        ("maximize", 0.8, 0.8, True, "Worse"),
        ("maximize", 0.7, 0.8, True, "Worse"),
        ("minimize", 0.7, 0.8, True, APPROVAL),
        ("minimize", 0.9, 0.8, True, "Worse"),
        ("maximize", -1.0, 0.0, False, APPROVAL),
    ],
)
def test_only_a_better_model_asks(
    direction: str, candidate: float, champion: float, known: bool, expected: str
) -> None:
    found = states(direction=direction)
    data = {
        "candidate": {"value": candidate},
        "champion": {"found": {"known": known, "value": champion}},
    }
    assert chosen(found["Compare"], data) == expected
    assert reached(found, "Worse") == {"Worse"}
    assert found["Worse"]["Type"] == "Succeed"


def test_a_question_expires_as_the_stage_says() -> None:
    found = states(approvals={"expires_hours": 48})
    assert found[APPROVAL]["TimeoutSeconds"] == 48 * 3600
    assert found[APPROVAL]["Resource"].endswith(".waitForTaskToken")
    (catch,) = found[APPROVAL]["Catch"]
    assert (catch["ErrorEquals"], catch["Next"]) == (["States.Timeout"], "Expired")
    assert found["Expired"]["Type"] == "Fail"


@pytest.mark.parametrize(
    ("decision", "person", "prevent_self_approval", "expected"),
    [
        ("approve", "bob", True, "Bake"),
        ("approve", "alice", True, "Approved by starter"),
        ("approve", "alice", False, "Bake"),
        ("reject", "alice", True, "Rejected"),
        ("reject", "bob", False, "Rejected"),
        ("aprove", "bob", True, "Rejected"),
    ],
)
def test_who_answers_what(
    decision: str, person: str, prevent_self_approval: bool, expected: str
) -> None:
    data = {
        "approval": {"decision": decision, "person": person},
        "started_by": {"person": "alice"},
    }
    found = states(approvals={"prevent_self_approval": prevent_self_approval})
    assert chosen(found["Decide"], data) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "Nobody"),
        ({"started_by": {"person": "bob"}}, "Nobody"),
        ({"bucket": {"name": "labelled"}, "object": {"key": "starts/AROA:bob"}}, "Nobody"),
        ({"bucket": {"name": "reports"}, "object": {"key": "evaluations/x"}}, "Nobody"),
        ({"bucket": {"name": "reports"}, "object": {"key": "starts/AROA:bob"}}, "A person"),
    ],
)
def test_input_does_not_say_who_started_a_run(given: dict[str, Any], expected: str) -> None:
    assert chosen(states()["Who started it?"], given) == expected


def test_an_answer_is_read_from_where_its_author_alone_writes() -> None:
    found = states()
    assert following(found[APPROVAL]) == {"Read answer", "Expired"}
    read = found["Read answer"]
    key = "States.Format('answers/{}/{}', $.signature.by, $.run)"
    assert read["Parameters"] == {"Bucket": "reports", "Key.$": key}
    assert [catch["Next"] for catch in read["Catch"]] == ["Unproven"]
    assert found["Unproven"]["Type"] == "Fail"


def test_what_does_not_stay_up_is_taken_back() -> None:
    found = states(watch_minutes=15)
    watch = found["Watch"]
    assert watch["Parameters"]["Payload"] == {
        "step": "watch",
        "minutes": 15,
        "patience_seconds": 600,
    }
    (catch,) = watch["Catch"]
    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "Undo")
    undo = found["Undo"]["Parameters"]["Payload"]
    assert (undo["step"], undo["previous.$"]) == ("undo", "$.deployed.found.previous")
    assert reached(found, "Undo") == {"Undo", "Undone"}
    assert found["Undone"]["Type"] == "Fail"


def test_the_functions_error_that_is_waited_on_is_named_as_the_function_names_it() -> None:
    from stackyard.pipeline.function import cluster

    for name in ("Train", "Evaluate", "Watch"):
        waits = states()[name]["Retry"][0]
        assert waits["ErrorEquals"] == [cluster.Unfinished.__name__]
        # Longer than any job: 99,999 looks, soon a minute apart.
        assert waits["MaxAttempts"] * waits["MaxDelaySeconds"] > 30 * 24 * 3600


def test_no_data_of_a_run_is_made_part_of_a_path() -> None:
    """Names come from config; what runs bring is only ever an argument of a format."""
    for state in states().values():
        for format_ in re.findall(r"States\.Format\('([^']*)'", str(state)):
            assert "$" not in format_


EVENTS_OF_A_LOOK = 3
"""TaskScheduled, TaskStarted, TaskFailed."""


def looks(state: dict[str, Any], seconds: int) -> int:
    """Return how often a step is asked until it is done after so long."""
    retry = state["Retry"][0]
    elapsed, delay, count = 0.0, float(retry["IntervalSeconds"]), 0
    while elapsed < seconds:
        count, elapsed = count + 1, elapsed + delay
        delay = min(delay * retry["BackoffRate"], retry["MaxDelaySeconds"])
    return count


def test_the_longest_run_stays_within_the_history_of_an_execution() -> None:
    """Two jobs of 30 days after a week in the queue each, and a day of watching."""
    month, week = 720 * 3600, 7 * 24 * 3600
    config = PipelineConfig.model_validate({**CONFIG, "watch_minutes": 1440})
    job = {"kind": "Job", "spec": {"activeDeadlineSeconds": month}}
    parts = replace(PARTS, train=job, evaluate=job, patience_seconds=3900)
    made = definition(config, ApprovalsConfig(), parts, stack="s")["States"]
    longest = {"Train": month + week, "Evaluate": month + week, "Watch": 86_400, "Deploy": 3900}
    events = sum(EVENTS_OF_A_LOOK * looks(made[name], seconds) for name, seconds in longest.items())
    assert events + 500 < 25_000


def test_a_job_is_seen_to_be_done_within_a_fifth_of_its_time() -> None:
    retry = states()["Train"]["Retry"][0]
    assert retry["IntervalSeconds"] <= 2
    assert retry["BackoffRate"] <= 1.2
    assert retry["MaxDelaySeconds"] < 10 * 60
