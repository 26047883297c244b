"""A release rehearsed, a stack that stays while it is protected, and what is left of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.location import location_of_estate
from stackyard_cli.inventory.census import AwsCensus
from stackyard_cli.inventory.sweep import IMPLIED, UNSEEN, swept
from tests.support.clients import ACCOUNT, REGION, Clients
from tests.support.workspace import Workspace

STACK = "trial/leaving/dev"
FILE = f"stacks/{STACK}.yaml"
GUARDED = "protection: {protect: true, retain: false}"
TEXT = f"""\
{GUARDED}
datasets:
  kept: {{kind: raw}}
access:
  audiences:
    scientist: {{trusted: ["arn:aws:iam::{ACCOUNT}:root"], datasets: {{kept: read}}}}
"""
BUCKETS = [f"trial-leaving-dev-{role}-{ACCOUNT}" for role in ("access-logs", "data-kept")]

NEXT_RELEASE = """\
import stackyard.bucket.statements as statements
import stackyard.naming as naming

statements.READ += ("s3:GetObjectAttributes",)
"""
RENAMES = """
bucket_name = naming.bucket_name
naming.bucket_name = lambda stack, account, role: bucket_name(stack, account, f"{role}-v2")
"""


@pytest.fixture(scope="module")
def workspace(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The applied estate with one more project, which is protected, in a folder of its own."""
    workspace = applied.with_stack(STACK, TEXT, tmp_path_factory.mktemp("leaving"))
    yield workspace
    (workspace.folder / FILE).write_text(TEXT.replace(GUARDED, ""))
    workspace.run("up", STACK, "--yes")
    workspace.run("destroy", STACK, "--yes")


def buckets(aws: Clients) -> list[str]:
    """The project's buckets, as the service says."""
    found = [bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]]
    return sorted(name for name in found if name.startswith("trial-leaving-dev"))


def delete(aws: Clients, bucket: str) -> None:
    """Delete a bucket with all versions of its objects, as a person would who wants it gone."""
    s3 = aws("s3")
    listed = s3.list_object_versions(Bucket=bucket)
    for one in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def released(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Run what follows with another version of the code: Python loads this before any program."""
    (folder / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


def test_a_release_is_rehearsed_and_nothing_is_touched(
    workspace: Workspace, aws: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = workspace.run("rehearse", STACK)
    assert quiet.strip() == f"{STACK}: no change"

    released(monkeypatch, tmp_path, NEXT_RELEASE)
    [block] = workspace.answer("rehearse", STACK)["stacks"]
    assert (block["losses"], block["replaces"], block["edits"]) == ([], [], [])
    added = {one["holder"]: one["actions"] for one in block["permissions"]}
    assert added.pop("role trial-leaving-dev-scientist") == ["s3:GetObjectAttributes"]
    assert all(holder.startswith("role trial-leaving-dev-") for holder in added)
    assert block["cost"]["delta"] == {"floor": 0, "ceiling": 0}

    released(monkeypatch, tmp_path, NEXT_RELEASE + RENAMES)
    lost = workspace.attempt("rehearse", STACK)
    assert lost.returncode == 3, lost.stderr
    first, second = lost.stdout.splitlines()[:2]
    assert first.startswith(f"{STACK}: RISK")
    assert second.startswith("    ! stateful aws:s3/bucket:Bucket")
    assert buckets(aws) == BUCKETS


def test_a_protected_stack_stays_until_that_is_lifted_and_what_it_keeps_is_told(
    workspace: Workspace, aws: Clients
) -> None:
    refused = workspace.attempt("destroy", STACK, "--yes", "--confirm", STACK)
    assert refused.returncode == 3
    assert "stopped by blast radius: 2 resources with data or keys would be lost" in refused.stderr
    assert buckets(aws) == BUCKETS

    workspace.edit(FILE, GUARDED, "protection: {protect: true, retain: true}")
    workspace.run("up", STACK, "--yes")
    untyped = workspace.attempt("destroy", STACK, "--yes")
    assert (untyped.returncode, "its name must be typed" in untyped.stderr) == (2, True)
    assert buckets(aws) == BUCKETS

    tags = {"stackyard:stack": STACK, "stackyard:resource": "aws:kms/key:Key::stray"}
    key = aws("kms").create_key(Tags=[{"TagKey": k, "TagValue": v} for k, v in tags.items()])
    try:
        done = workspace.answer("destroy", STACK, "--yes", "--confirm", STACK)
        assert sorted(one["id"] for one in done["kept"]) == BUCKETS
        left = {one["id"].rpartition("/")[2].rpartition(":")[2]: one for one in done["leftovers"]}
        assert sorted(left) == sorted([*BUCKETS, key["KeyMetadata"]["KeyId"]])
        for bucket in BUCKETS:
            assert (left[bucket]["verdict"], left[bucket]["data_class"]) == ("retained", "stateful")
            assert (left[bucket]["floor"], left[bucket]["cost"][:6]) == (None, "by use")
        # The stage keeps keys, so that one that nobody made by a stack counts as kept as well.
        stray = left[key["KeyMetadata"]["KeyId"]]
        assert (stray["verdict"], stray["floor"]) == ("retained", 1.0)
        workspace.edit(FILE, "retain: true", "retain: false")
        rows = workspace.answer("leftovers", STACK, code=4)["leftovers"]
        assert [
            (one["verdict"], one["floor"])
            for one in rows
            if one["type"] == tags["stackyard:resource"].partition("::")[0]
        ] == [("unexpected", 1.0)]
    finally:
        aws("kms").schedule_key_deletion(KeyId=key["KeyMetadata"]["KeyId"], PendingWindowInDays=7)
        for bucket in buckets(aws):
            delete(aws, bucket)
    assert workspace.answer("leftovers", STACK)["leftovers"] == []


def test_of_what_is_applied_nothing_is_left_over_and_every_tagged_type_is_found(
    applied: Workspace,
) -> None:
    assert applied.answer("leftovers", "*/*/dev")["leftovers"] == []
    estate = Estate(applied.folder)
    location = location_of_estate(estate)
    missed: set[str] = set()
    for stack in (one for one in estate.stacks() if one.stage == "dev"):
        missed |= _not_found(location, stack)
    assert missed <= UNSEEN | IMPLIED


def _not_found(location: Any, stack: StackId) -> set[str]:
    """The types of a stack's tagged resources that the sweep does not find."""
    found = swept(stack, AwsCensus(stack, REGION, location.environment), [])
    labels = {one.label for one in found}
    checkpoint = location.state(stack).read()
    return {
        item["type"]
        for item in checkpoint.resources
        if "stackyard:resource" in ((item.get("inputs") or {}).get("tags") or {})
        and f"{item['type']}::{item['urn'].rpartition('::')[2]}" not in labels
    }
