"""What stops a change and what only warns, and how a run over several stacks ends then."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.engine.messages import Step, Violation
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.review import gate
from stackyard_cli.review.context import ReviewContext
from stackyard_cli.review.gate import Review, Stop, reviewed
from stackyard_cli.review.replaced_nodes import ReplacedNodes
from tests.support.estates import SmallEstate

STACK, OTHER = StackId("ranking", "clicks", "dev"), StackId("vision", "defects", "dev")
BUCKET, ROLE, NODES = "aws:s3/bucket:Bucket", "aws:iam/role:Role", "aws:eks/nodeGroup:NodeGroup"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
DELETED = Step("start", f"urn:pulumi:dev::p::{BUCKET}::photos", BUCKET, "delete")
HARMLESS = Step("start", f"urn:pulumi:dev::p::{ROLE}::reader", ROLE, "delete")
LARGE = Step(
    "start",
    f"urn:pulumi:dev::p::{NODES}::pool",
    NODES,
    "create",
    priced_after={
        "instanceTypes": ["m7i.xlarge"],
        "scalingConfig": {"minSize": 40, "maxSize": 50, "desiredSize": 40},
    },
)


def violation(level: Any = "mandatory", policy: str = "no-public", text: str = "open") -> Violation:
    return Violation("pack", policy, level, text, None)


@pytest.fixture
def small(tmp_path: Path) -> SmallEstate:
    return SmallEstate(tmp_path / "estate")


def review(small: SmallEstate, *steps: Step, violations: tuple[Violation, ...] = ()) -> Review:
    """Review a preview with these steps against the stack file as it is now."""
    report = Report(Task(STACK, "project", {}, "", {}), "preview")
    report.steps = {step.urn: step for step in steps}
    report.violations = list(violations)
    location = Location(small.root, f"file://{small.root / 'backend'}", "passphrase", {})
    loaded = {STACK: Estate(small.root).load(STACK)}
    policies = cast(Any, SimpleNamespace())  # a review reads no settings of policies
    return reviewed(ReviewContext(location, "3.0.0", loaded, policies), report)


def kinds(found: Review) -> list[str]:
    return [stop.kind for stop in found.stops]


def test_a_harmless_change_is_not_stopped(small: SmallEstate) -> None:
    found = review(small, HARMLESS)
    assert (found.stops, found.warnings, found.violations) == ([], [], [])
    gate.stop([found], json=False)
    gate.stop([found], json=True)


def test_a_mandatory_violation_stops_and_an_advisory_one_warns(small: SmallEstate) -> None:
    found = review(small, violations=(violation(), violation("advisory", "tagged", "no owner")))
    assert kinds(found) == ["policy"]
    assert "no-public" in found.stops[0].message
    assert "stackyard policy explain no-public" in found.stops[0].hint
    [warning] = found.warnings
    assert "tagged" in warning
    assert "no owner" in warning


def test_what_the_engine_reports_twice_stops_once(small: SmallEstate) -> None:
    found = review(small, violations=(violation(), violation(), violation(text="open, too")))
    assert [item.message for item in found.violations] == ["open", "open, too"]
    assert kinds(found) == ["policy", "policy"]


@pytest.mark.parametrize("operation", ["delete", "replace"])
def test_data_that_would_go_stops_without_a_waiver(small: SmallEstate, operation: str) -> None:
    found = review(small, dataclasses.replace(DELETED, operation=operation))
    assert kinds(found) == ["blast radius"]
    assert "photos" in found.stops[0].message
    assert "waivers: [{resource: photos" in found.stops[0].hint


@pytest.mark.parametrize(("resource", "stops"), [("photos", []), ("labels", ["blast radius"])])
def test_a_waiver_lets_its_own_resource_go_and_no_other(
    small: SmallEstate, resource: str, stops: list[str]
) -> None:
    small.write(
        "ranking/clicks/dev.yaml",
        f"waivers: [{{resource: {resource}, reason: moved to another bucket by hand, "
        f"owner: me@acme.example, expires: {TOMORROW}}}]\n",
    )
    assert kinds(review(small, DELETED)) == stops


@pytest.mark.parametrize(
    ("budget", "stops", "warns"),
    [
        ("{monthly_limit: 100}", ["budget"], False),
        ("{monthly_limit: 100000}", [], False),
        ("{monthly_limit: 8000}", [], True),
        ("{monthly_limit: 8000, block_on: ceiling}", ["budget"], False),
    ],
)
def test_a_budget_stops_or_warns(
    small: SmallEstate, budget: str, stops: list[str], warns: bool
) -> None:
    small.write("ranking/clicks/dev.yaml", f"budget: {budget}\n")
    found = review(small, LARGE)
    assert (kinds(found), bool(found.warnings)) == (stops, warns), str(found.cost)


def test_all_reasons_are_kept_and_shown_before_the_warnings(small: SmallEstate) -> None:
    small.write("ranking/clicks/dev.yaml", "budget: {monthly_limit: 100}\n")
    violations = (violation(), violation("advisory", "tagged", "no owner"))
    found = review(small, DELETED, LARGE, violations=violations)
    assert kinds(found) == ["policy", "blast radius", "budget"]
    starts = [line.strip().partition(":")[0] for line in found.lines()]
    assert starts[:5] == [
        "review",
        "stopped by policy",
        "stopped by blast radius",
        "stopped by budget",
        "warning",
    ]
    assert [stop["kind"] for stop in found.to_dict()["stops"]] == kinds(found)


def stopped(small: SmallEstate) -> tuple[Review, Review]:
    """Return a review that nothing stops, and one of another stack that two things stop."""
    free = review(small, HARMLESS)
    report = Report(Task(OTHER, "project", {}, "", {}), "preview")
    reasons = [Stop("budget", "too much", "make it smaller"), Stop("policy", "open", "close it")]
    return free, dataclasses.replace(free, report=report, stops=reasons)


def test_one_stopped_stack_ends_the_run_and_is_named(small: SmallEstate) -> None:
    with pytest.raises(StackyardError) as ended:
        gate.stop(stopped(small), json=False)
    assert ended.value.code == ExitCode.STOPPED
    assert str(ended.value) == f"{OTHER}: stopped by budget, policy; nothing was changed"
    assert ended.value.hint == "make it smaller"
    assert list(ended.value.facts or {}) == [str(OTHER)]


def test_with_json_the_exit_code_is_the_only_answer(small: SmallEstate) -> None:
    with pytest.raises(typer.Exit) as ended:
        gate.stop(stopped(small), json=True)
    assert ended.value.exit_code == ExitCode.STOPPED


def test_a_review_shows_what_happens_to_running_nodes(
    small: SmallEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ReplacedNodes("training-on-demand", False, ["spec.template.spec.taints"], "1", 3, jobs=1)
    monkeypatch.setattr(gate, "replaced_nodes", lambda *_: [one])
    found = review(small, HARMLESS)
    [line] = [line for line in found.lines() if line.startswith("    nodes: ")]
    assert "3 nodes of NodePool `training-on-demand` would be replaced, 1 at a time" in line
    assert found.to_dict()["nodes"][0]["with_jobs"] == 1
    assert found.stops == []
