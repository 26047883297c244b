"""The engine's own protection and the consent to lose a resource, on the real engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli.engine.protection import refused, unprotect
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.review.blast_radius import losses_of

from .harness import STACK, Harness

WORKER = (sys.executable, str(Path(__file__).parent / "policy_worker.py"))
KEY = {"type": "aws:kms/key:Key", "name": "key", "props": {"label": "one"}, "protect": True}
OTHER = {"type": "aws:iam/role:Role", "name": "role", "props": {"label": "role"}}


@pytest.fixture
def made(harness: Harness) -> Harness:
    """A protected key and a role, in the place of AWS."""
    port = harness.location.environment["PULUMI_DEBUG_PROVIDERS"].partition(":")[2]
    harness.location.environment["PULUMI_DEBUG_PROVIDERS"] = f"aws:{port}"
    harness.worker = WORKER
    assert run(harness, "up", KEY, OTHER).ok
    return harness


def run(harness: Harness, operation: Any, *resources: dict[str, Any]) -> Report:
    return harness.runner().run(
        Task(STACK, "project", {"resources": list(resources)}, "", {}), operation
    )


@pytest.mark.parametrize(
    ("left", "operation"),
    [((OTHER,), "delete"), (({**KEY, "props": {"label": "two"}}, OTHER), "replace")],
)
def test_a_protected_key_that_would_go_is_a_loss_and_goes_only_with_consent(
    made: Harness, left: tuple[dict[str, Any], ...], operation: str
) -> None:
    before = made.ids()
    found = run(made, "preview", *left)
    assert (found.result.kind, found.previewed) == ("protected", True)
    [loss] = losses_of(found)
    assert (loss.name, loss.type, loss.data_class) == ("key", "aws:kms/key:Key", "key")
    assert loss.operation == operation
    assert not run(made, "up", *left).ok
    assert made.ids() == before

    unprotect(made.location, made.engine, STACK, refused(found.diagnostics))
    assert run(made, "up", *left).ok
    assert len(made.ids() & before) == 1, "the role stays"


def test_a_destroy_spares_a_protected_key_until_that_is_lifted(made: Harness) -> None:
    done = run(made, "destroy", KEY, OTHER)
    assert (done.ok, done.result.kind) == (False, "protected")
    assert [urn.rpartition("::")[2] for urn in refused(done.diagnostics)] == ["key"]
    key = _held(made, "aws:kms/key:Key")
    assert len(key & made.ids()) == 1, "the key is still there"

    unprotect(made.location, made.engine, STACK, refused(done.diagnostics))
    assert run(made, "destroy", KEY, OTHER).ok
    assert made.ids() == set()


def test_protection_that_moves_is_a_change_although_no_property_is(made: Harness) -> None:
    """Otherwise an `up` without other changes would leave a stack unprotected, or protected."""
    assert run(made, "preview", KEY, OTHER).changing == []
    for options, path, pair in (
        ({"protect": False}, "protect", (True, False)),
        ({"protect": False, "retain": True}, "retainOnDelete", (False, True)),
    ):
        moved = {**KEY, **options}
        [step] = run(made, "preview", moved, OTHER).changing
        [change] = step.changes
        assert (step.operation, step.name, change.path) == ("update", "key", path)
        assert (change.old, change.new) == pair
        assert run(made, "up", moved, OTHER).ok
        assert run(made, "preview", moved, OTHER).changing == []


def _held(harness: Harness, kind: str) -> set[str]:
    checkpoint = harness.location.state(STACK).read()
    assert checkpoint is not None
    return {item["id"] for item in checkpoint.resources if item["type"] == kind}
