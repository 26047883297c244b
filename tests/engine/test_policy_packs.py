"""Each pack on the real engine: what breaks a rule stops it, its correction passes."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli.engine.report import Report, Task
from stackyard_cli.review import policies
from stackyard_policies import configuration
from stackyard_policies.catalogue import PACKS
from stackyard_policies.rule import Settings

from .harness import STACK, Harness

WORKER = (sys.executable, str(Path(__file__).parent / "policy_worker.py"))
TODAY = datetime.date(2026, 11, 24)
KEY, BUCKET = "aws:kms/key:Key", "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
TAGS = dict.fromkeys(Settings().required_tags, "x")

Resource = dict[str, Any]


@pytest.fixture
def judged(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """The fake cloud in the place of AWS."""
    # With it, what a pack writes comes through a pipe at once; few machines have it set.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    port = harness.location.environment["PULUMI_DEBUG_PROVIDERS"].partition(":")[2]
    harness.location.environment["PULUMI_DEBUG_PROVIDERS"] = f"aws:{port}"
    harness.worker = WORKER
    return harness


def run(
    harness: Harness, operation: Any, pack: str, resources: list[Resource], **levels: Any
) -> Report:
    settings = Settings(stage="prod", protected=True, personal_days=730)
    known = {**configuration.levels("prod", [], TODAY), **levels}
    config = configuration.configured(settings, known, [pack])
    task = Task(STACK, "project", {"resources": resources}, "digest", {})
    return harness.runner().run(task, operation, packs={configuration.EXECUTABLE: config})


def key(**change: Any) -> Resource:
    props = {"enableKeyRotation": True, "tagsAll": TAGS, **change}
    return {"type": KEY, "name": "key", "props": props, "protect": True}


def personal(days: int) -> list[Resource]:
    rule = {
        "status": "Enabled",
        "expiration": {"days": days},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    tags = {"stackyard:class": "personal"}
    return [
        {"type": BUCKET, "name": "people", "props": {"tags": tags}},
        {"type": LIFECYCLE, "name": "life", "props": {"bucket": "@people", "rules": [rule]}},
    ]


CASES = {
    "baseline": ([key(enableKeyRotation=False)], [key()], "keys-rotate", "key `key` does not"),
    "prod": ([{**key(), "protect": False}], [key()], "protection-stateful", "is key and not"),
    "personal-data": (personal(4000), personal(365), "personal-data-bounded", "is kept 4000 days"),
}


def test_every_pack_has_a_case() -> None:
    assert set(CASES) == set(PACKS)


@pytest.mark.parametrize("pack", CASES)
def test_a_pack_stops_before_anything_is_made(judged: Harness, pack: str) -> None:
    wrong, right, rule, said = CASES[pack]
    stopped = run(judged, "preview", pack, wrong)
    assert (stopped.result.outcome, stopped.result.kind) == ("failed", "policy")
    [violation] = [item for item in stopped.violations if item.level == "mandatory"]
    assert (violation.policy, policies.to_dict(violation)["pack"]) == (rule, pack)
    assert said in policies.text_of(violation)
    assert len(stopped.steps) > len(wrong), "the whole preview is still shown"
    assert list(judged.cloud.iterdir()) == []

    passed = run(judged, "preview", pack, right)
    assert (passed.result.outcome, passed.violations) == ("succeeded", [])


def test_an_advisory_level_is_told_and_stops_nothing(judged: Harness) -> None:
    levels = {"keys-rotate": "advisory"}
    found = run(judged, "preview", "baseline", [key(enableKeyRotation=False)], **levels)
    assert found.result.outcome == "succeeded"
    assert [(item.policy, item.level) for item in found.violations] == [("keys-rotate", "advisory")]
    silent = {"keys-rotate": "disabled"}
    found = run(judged, "preview", "baseline", [key(enableKeyRotation=False)], **silent)
    assert (found.result.outcome, found.violations) == ("succeeded", [])


def test_what_a_preview_cannot_know_is_named_and_checked_by_the_apply(judged: Harness) -> None:
    first = {"type": "aws:iam/role:Role", "name": "first", "props": {"tagsAll": TAGS}}
    resources = [first, key(enableKeyRotation="@first")]
    found = run(judged, "preview", "baseline", resources)
    assert found.result.outcome == "succeeded"
    [violation] = found.violations
    assert policies.unchecked(violation)
    applied = run(judged, "up", "baseline", resources)
    assert (applied.result.outcome, applied.result.kind) == ("failed", "policy")
    made = [path.read_text() for path in judged.cloud.iterdir()]
    assert len(made) == 1, "the role was made before the value was known, the key was not"
