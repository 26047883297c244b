"""Receipts: normal form, digest, refusal, comparison by meaning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stackyard.budget.prices import Prices
from stackyard.naming import StackId
from stackyard_cli.engine.messages import Change, Step, Violation
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.review import receipt
from stackyard_cli.review.config_changes import ConfigChange
from stackyard_cli.review.cost import cost_of
from stackyard_cli.review.fingerprint import mismatches
from stackyard_cli.review.gate import Review
from stackyard_cli.review.steps import normalised, origins

BOUND = {"state": "s" * 64, "config": "c" * 64, "engine": "3.259.0"}


def step(name: str, operation: str = "update", *paths: str, **more: Any) -> Step:
    changes = tuple(Change(path, "update", "old-secret", "new-secret") for path in paths)
    kind = more.pop("type", "aws:s3/bucket:Bucket")
    return Step("start", f"urn::{name}", kind, operation, changes=changes, **more)


def review(*steps: Step, violations: tuple[Violation, ...] = ()) -> Review:
    report = Report(Task(StackId("a1", "b1", "dev"), "project", {}, "", {}), "preview")
    report.steps = {one.urn: one for one in steps}
    cost = cost_of(steps, Prices("eu-central-1"))
    return Review(report, normalised(report), list(violations), cost, [], [])


def content(*steps: Step, **more: Any) -> receipt.Receipt:
    return receipt.receipt(review(*steps, **more), BOUND, refresh=False)


def test_a_receipt_is_whole_private_and_holds_no_value(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    receipt.write(path, content(step("one", "update", "tags.x", "policy")))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["r.json"]
    assert "secret" not in path.read_text()
    assert receipt.read(path)["steps"][0]["paths"] == ["policy", "tags.x"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stack", "a1/b1/prod"),
        ("refresh", True),
        ("created_at", "2027-01-01T00:00:00+00:00"),
        ("steps", []),
        ("fingerprint", {**BOUND, "state": "none"}),
        ("digest", "0" * 64),
        ("extra", 1),
    ],
)
def test_any_edit_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({**content(step("one")), key: value}))
    with pytest.raises(StackyardError, match="changed after it was written") as refusal:
        receipt.read(path)
    assert refusal.value.code == ExitCode.STOPPED


def test_an_edit_with_a_new_digest_is_refused_where_the_approved_one_is_given(
    tmp_path: Path,
) -> None:
    path, first = tmp_path / "r.json", content(step("one"))
    forged = {**first, "steps": []}
    path.write_text(json.dumps({**forged, "digest": receipt.digest(forged)}))
    with pytest.raises(StackyardError, match="not what was approved"):
        receipt.read(path, expected_digest=first["digest"])


@pytest.mark.parametrize("version", [0, receipt.FORMAT + 1, None])
def test_another_format_is_refused(tmp_path: Path, version: Any) -> None:
    path = tmp_path / "r.json"
    other = {**content(), "format": version}
    path.write_text(json.dumps({**other, "digest": receipt.digest(other)}))
    with pytest.raises(StackyardError, match="this version reads"):
        receipt.read(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 1}'])
def test_what_is_no_receipt_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(StackyardError, match="is not a receipt"):
        receipt.read(path)


def test_order_values_and_lines_play_no_part() -> None:
    one, two = step("one", "update", "a", "b"), step("two", "delete")
    again = step("one", "update", "b", "a", priced_after={"x": 1})
    assert receipt.differences(content(one, two), content(two, again)) == []


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ((), "only approved: update aws:s3/bucket:Bucket one"),
        ((step("one", "update", "a"), step("two", "delete")), "only now: delete"),
        ((step("one", "delete"),), "one: operation 'update' before, 'delete' now"),
        ((step("one", "update", "a", "b"),), "one: paths ['a'] before, ['a', 'b'] now"),
        (
            (step("one", "replace", "a", replace_keys=("bucket",)),),
            "one: replace_reasons [] before, ['bucket'] now",
        ),
    ],
)
def test_a_different_change_is_told(now: tuple[Step, ...], said: str) -> None:
    found = receipt.differences(content(step("one", "update", "a")), content(*now))
    assert any(text.startswith(said) for text in found), found


def test_a_new_violation_is_a_difference() -> None:
    violation = Violation("stackyard", "keys-rotate", "advisory", "`k` does not", "urn::k")
    found = receipt.differences(content(), content(violations=(violation,)))
    assert found == ["policy: only now: `k` does not"]


@pytest.mark.parametrize("key", BOUND)
def test_each_mismatch_names_both_values(key: str) -> None:
    [said] = mismatches(BOUND, {**BOUND, key: "other"})
    assert said.startswith(f"{key}: approved {BOUND[key][:7]}")
    assert said.endswith("now other")


def test_what_a_newer_version_binds_is_a_mismatch_both_ways() -> None:
    assert mismatches(BOUND, {**BOUND, "sdk": "3.272.0"}) == ["sdk: approved null, now 3.272.0"]
    assert mismatches({**BOUND, "sdk": "3.272.0"}, BOUND) == ["sdk: approved 3.272.0, now null"]


def changed(path: str, origin: str | None) -> ConfigChange:
    return ConfigChange(path, 1, 2, origin)


@pytest.mark.parametrize(
    ("found", "changes", "expected"),
    [
        (step("any"), [changed("retention.raw.expire_after_days", "f:1:1")], ["f:1:1"]),
        (
            step("datasets-photos-bucket"),
            [changed("datasets.photos.kind", "f:1:1"), changed("datasets.labels.kind", "f:2:1")],
            ["f:1:1"],
        ),
        (
            step("x", type="aws:iam/role:Role"),
            [changed("access.audiences.dev", "f:3:1"), changed("tracking.replicas", "f:4:1")],
            ["f:3:1"],
        ),
        (
            step("datasets-photos-lifecycle", type="aws:s3/bucketLifecycleConfiguration:B"),
            [
                changed("access.audiences.dev.datasets.photos", "f:5:1"),
                changed("retention.raw", "f:6:1"),
            ],
            ["f:6:1"],
        ),
        (
            step("alarm-latency", type="aws:cloudwatch/metricAlarm:MetricAlarm"),
            [changed("tags.team", "f:7:1"), changed("monitoring.latency", "f:8:1")],
            ["f:8:1"],
        ),
        (step("x"), [changed("a.b", "f:1:1"), changed("c.d", "f:2:1")], []),
        (step("x"), [changed("a.b", None)], []),
        (step("x"), [], []),
    ],
)
def test_a_line_is_named_where_it_matches(
    found: Step, changes: list[ConfigChange], expected: list[str]
) -> None:
    assert origins(found, changes) == expected
