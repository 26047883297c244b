"""A rehearsal's blocks: what loses data stands first, what has no preview is named."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.naming import StackId
from stackyard_cli.app import run
from stackyard_cli.deploy import rehearsal
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.previews import Previews
from stackyard_cli.engine.messages import Result, Step
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.reports.rehearsal import SHOWN, Rehearsal
from stackyard_cli.review.config_changes import ConfigChange
from stackyard_cli.review.cost import cost_of
from stackyard_cli.review.gate import Review, Stop


def step(kind: str, name: str, operation: str, **more: Any) -> Step:
    urn = f"urn:pulumi:dev::vision.defects::{kind}::{name}"
    return Step("done", urn, kind, operation, **more)


def report(project: str, *steps: Step, **result: Any) -> Report:
    task = Task(StackId("vision", project, "dev"), "project", {}, "", {})
    outcome = Result(**{"outcome": "succeeded", **result})
    return Report(task, "preview", outcome, {one.urn: one for one in steps})


def block(found: Report, *stops: Stop, edits: Any = (), is_new: bool = False) -> Rehearsal:
    from stackyard.budget.prices import prices_of

    cost = cost_of(found.steps.values(), prices_of("eu-central-1"))
    review = Review(found, [], [], cost, list(stops), [])
    return Rehearsal.of(found, review, edits, is_new=is_new)


BUCKET = step("aws:s3/bucket:Bucket", "photos", "replace", replace_keys=("bucket",))
ROLE = step("aws:iam/role:Role", "trainer", "delete")
KEY = step("aws:kms/key:Key", "data", "create", priced_after={})


def test_risk_comes_first_among_stacks_and_in_a_block() -> None:
    failed = Rehearsal.of(report("b", outcome="failed", problem="no zone"), None, (), is_new=False)
    lossy, calm = block(report("z", ROLE, BUCKET)), block(report("a", KEY))
    ordered = sorted([calm, failed, lossy], key=lambda each: each.rank)
    assert ordered == [lossy, failed, calm]
    assert list(lossy.lines()) == [
        "vision/z/dev: RISK, 1 with data or keys would be deleted; 1 to delete, 1 to replace",
        "    ! stateful aws:s3/bucket:Bucket `photos` would be replaced because of bucket",
        "    - delete aws:iam/role:Role trainer",
    ]
    assert list(failed.lines()) == ["vision/b/dev: cannot be rendered: no zone"]
    assert list(calm.lines())[1].startswith("    cost: 1.00 to 1.00 USD a month (+1.00 to +1.00)")


def test_what_is_not_of_the_code_is_told_apart() -> None:
    edit = ConfigChange("namespace.quota.cpu", 8, 9, "stacks/vision/a/dev.yaml:3:5")
    edited = block(report("a"), edits=[edit])
    assert list(edited.lines())[-1].endswith("are not applied yet: namespace.quota.cpu")
    unknown = report("a", outcome="failed", kind="unknown", problem="unknown until `up x`")
    assert list(Rehearsal.of(unknown, None, (), is_new=True).lines()) == [
        "vision/a/dev: not rehearsed: unknown until `up x`"
    ]
    assert next(iter(block(report("a", KEY), is_new=True).lines())) == (
        "vision/a/dev: not applied yet, 1 to create"
    )


def test_policy_that_would_stop_is_told_and_losses_are_told_once() -> None:
    stops = [Stop("policy", "no-wildcard: *", "x"), Stop("blast radius", "photos", "x")]
    lines = list(block(report("a", BUCKET), *stops).lines())
    assert [line for line in lines if "stopped by" in line] == [
        "    ! stopped by policy: no-wildcard: *"
    ]
    assert sum("photos" in line for line in lines) == 1


def test_a_block_stays_readable() -> None:
    many = [step("aws:iam/role:Role", f"role-{n}", "delete") for n in range(SHOWN + 7)]
    lines = list(block(report("a", *many)).lines())
    assert lines[-1] == "    and 7 more, which `--json` has"
    assert len(block(report("a", *many)).to_dict()["deletes"]) == SHOWN + 7


@pytest.mark.parametrize(("steps", "code"), [((ROLE, KEY), 0), ((BUCKET,), 3)])
def test_exit_codes(steps: tuple[Step, ...], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = report("a", *steps)

    class Opened:
        def __getattr__(self, name: str) -> Any:
            answers = {"select": [[found.task]], "config_changes": []}
            return self if name in {"estate", "context"} else lambda *_: answers.get(name, True)

    opened: Any = Opened()
    previews = Previews(opened, [[found.task]], StopSignals(print), {found.stack: found})
    vars(previews)["reviews"] = {found.stack: block(found).review}
    monkeypatch.setattr(Deployment, "open", lambda estate: opened)
    monkeypatch.setattr(rehearsal, "preview_stacks", lambda deployment, layers, options: previews)
    assert run(["rehearse"]) == code
    assert run(["rehearse", "--json"]) == code
