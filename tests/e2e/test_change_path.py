"""The safe change path: approved exactly, stopped where data would go, watched afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import ACCOUNT, Clients
from tests.support.workspace import Workspace

STACK = "trial/change/dev"
FILE = f"stacks/{STACK}.yaml"
TEXT = """\
datasets:
  kept: {kind: raw}
  left: {kind: curated}
retention:
  raw: {expire_after_days: 1500, transition_after_days: 100}
"""
LEFT = "  left: {kind: curated}\n"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
KEPT = f"trial-change-dev-data-kept-{ACCOUNT}"


@pytest.fixture(scope="module")
def workspace(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The applied estate with one more small project, in a folder of its own."""
    workspace = applied.with_stack(STACK, TEXT, tmp_path_factory.mktemp("change"))
    yield workspace
    (workspace.folder / FILE).write_text(TEXT)
    workspace.run("destroy", STACK, "--yes")


def expiry(aws: Clients) -> set[int]:
    """The days after which objects of the kept dataset go, as the service says."""
    rules = aws("s3").get_bucket_lifecycle_configuration(Bucket=KEPT)["Rules"]
    return {rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})}


def test_what_was_approved_is_applied_once_and_nothing_else(
    workspace: Workspace, aws: Clients, tmp_path: Path
) -> None:
    receipt, forged = tmp_path / "receipt.json", tmp_path / "forged.json"
    workspace.edit(FILE, "expire_after_days: 1500", "expire_after_days: 1400")
    workspace.run("preview", STACK, "--receipt", str(receipt))
    content = json.loads(receipt.read_text())
    [step] = [step for step in content["steps"] if step["type"] == LIFECYCLE]
    assert step["operation"] == "update"
    assert [place.split(":")[:2] for place in step["origins"]] == [[FILE, "5"]]
    assert receipt.stat().st_mode & 0o777 == 0o600
    assert expiry(aws) == {1500}, "a preview changes nothing"

    forged.write_text(receipt.read_text().replace('"operation": "update"', '"operation": "same"'))
    refused = workspace.attempt("up", STACK, "--receipt", str(forged))
    assert (refused.returncode, "changed after it was written" in refused.stderr) == (3, True)

    text = (workspace.folder / FILE).read_text()
    workspace.edit(FILE, "transition_after_days: 100", "transition_after_days: 90")
    edited = workspace.attempt("up", STACK, "--receipt", str(receipt))
    assert (edited.returncode, "config: approved" in edited.stderr) == (3, True)
    (workspace.folder / FILE).write_text(text)

    workspace.run("up", STACK, "--receipt", str(receipt), "--digest", content["digest"])
    assert expiry(aws) == {1400}

    stale = workspace.attempt("up", STACK, "--receipt", str(receipt))
    assert (stale.returncode, "state: approved" in stale.stderr) == (3, True)
    other = workspace.attempt("up", "vision/defects/dev", "--receipt", str(receipt))
    assert (other.returncode, "not of vision/defects/dev" in other.stderr) == (3, True)


def test_deleting_a_dataset_stops_until_somebody_answers_for_it(workspace: Workspace) -> None:
    text = (workspace.folder / FILE).read_text()
    workspace.edit(FILE, LEFT, "")
    [found] = workspace.answer("preview", STACK, code=3)["stacks"]
    [stop] = found["stops"]
    assert stop["kind"] == "blast radius"
    assert "`datasets-left-bucket` would be deleted" in stop["message"]
    assert workspace.attempt("up", STACK, "--yes").returncode == 3

    waiver = (
        "waivers:\n  - {resource: datasets-left-bucket, reason: the trial is over, "
        "owner: a@b.example, expires: %s}\n"
    )
    path = workspace.folder / FILE
    path.write_text(text.replace(LEFT, "") + waiver % "2020-01-31")
    for verb in ("validate", "preview"):
        expired = workspace.attempt(verb, STACK)
        assert expired.returncode == 2
        assert f"{FILE}:6:" in expired.stderr
        assert "has expired" in expired.stderr
    path.write_text(text.replace(LEFT, "") + waiver % "2199-12-31")
    [found] = workspace.answer("preview", STACK)["stacks"]
    assert found["stops"] == []
    assert found["changes"]["delete"] >= 1
    path.write_text(text)


def test_what_other_hands_changed_is_named_and_put_back(workspace: Workspace, aws: Clients) -> None:
    before = expiry(aws)
    aws("s3").delete_bucket_lifecycle(Bucket=KEPT)
    rows = workspace.answer("drift", STACK, code=4)
    assert [(row["kind"], row["type"], row["path"]) for row in rows] == [
        ("risky", LIFECYCLE, "(missing)")
    ]
    workspace.run("drift", STACK, "--fix", "--yes")
    assert expiry(aws) == before
