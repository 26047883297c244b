"""A component that was renamed: a stack applied under its former type token keeps every resource.

The children are those of the real component; a cloud that is a folder stands for AWS.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stackyard_cli.engine.messages import Operation
from stackyard_cli.engine.report import Report, Task

from .harness import STACK, Harness

WORKER = (sys.executable, str(Path(__file__).parent / "rename_worker.py"))
CHILDREN = {
    f"actor-{role}" for role in ("role", "network", "entry", "log", "last-group", "function")
}


@pytest.fixture
def applied(harness: Harness) -> Harness:
    """A stack that was applied when the component had its former token."""
    port = harness.location.environment["PULUMI_DEBUG_PROVIDERS"].partition(":")[2]
    harness.location.environment["PULUMI_DEBUG_PROVIDERS"] = f"aws:{port}"
    harness.worker = WORKER
    report = run(harness, "up", "former")
    assert report.ok, report.result.problem
    return harness


def run(harness: Harness, operation: Operation, component: str) -> Report:
    task = Task(STACK, "project", {"component": component}, component, {})
    return harness.runner().run(task, operation)


def operations(report: Report) -> dict[str, str]:
    """Return the operation on each resource of the component, by logical name."""
    assert report.ok, report.result.problem
    return {step.name: step.kind for step in report.steps.values() if step.name.startswith("actor")}


def test_the_new_token_changes_nothing(applied: Harness) -> None:
    before = applied.ids()
    preview = run(applied, "preview", "renamed")
    assert preview.changing == []
    assert operations(preview) == dict.fromkeys({*CHILDREN, "actor"}, "same")
    run(applied, "up", "renamed")
    assert applied.ids() == before


def test_the_state_holds_the_new_token_after_an_up(applied: Harness) -> None:
    run(applied, "up", "renamed")
    checkpoint = applied.location.state(STACK).read()
    assert checkpoint is not None
    urns = [resource["urn"] for resource in checkpoint.resources]
    assert not [urn for urn in urns if "ClusterHands" in urn]
    assert len([urn for urn in urns if "stackyard:index:ClusterActor$" in urn]) == len(CHILDREN)


def test_without_the_former_token_everything_would_be_made_anew(applied: Harness) -> None:
    preview = run(applied, "preview", "without alias")
    kinds = {(step.name, step.kind) for step in preview.changing}
    assert {name for name, kind in kinds if kind == "create"} >= CHILDREN
    assert {name for name, kind in kinds if kind == "delete"} >= CHILDREN
