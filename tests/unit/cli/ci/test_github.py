"""The way from a commit at GitHub to the receipts that were reviewed for it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from stackyard_cli.ci.hosts.base import Api
from stackyard_cli.ci.hosts.github import GitHub
from stackyard_cli.errors import StackyardError

STACK, FILE = "vision/defects/dev", "vision.defects.dev.json"
MERGED = {"merged_at": "2026-11-24", "base": {"ref": "main"}, "head": {"sha": "head"}}
RUNS = "/actions/workflows/stackyard-preview.yml/runs?head_sha=head&event=pull_request"


def packed(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@dataclass(frozen=True)
class Answers(Api):
    """An API with fixed answers by the beginning of their path; one page of each."""

    found: dict[str, Any] = field(default_factory=dict)

    def raw(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        known = next(each for start, each in self.found.items() if path.startswith(start))
        return known if isinstance(known, bytes) else json.dumps(known).encode()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Answers:
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    artifacts = [
        {"id": 1, "name": "receipt-0", "expired": False},
        {"id": 2, "name": "receipt-1", "expired": True},
        {"id": 3, "name": "drift-dev", "expired": False},
    ]
    answers = {
        "/commits/c0ffee/pulls": [MERGED],
        RUNS: {"workflow_runs": [{"id": 9}, {"id": 8}]},
        "/actions/runs/9/artifacts": {"artifacts": artifacts},
        "/actions/artifacts/1/zip": packed(**{FILE: "mine", f"../{FILE}": "x", "other.json": "y"}),
    }
    return Answers("http://127.0.0.1:1", {}, answers)


def test_receipts_of_the_newest_preview_by_their_names_alone(api: Answers) -> None:
    assert GitHub(api).receipts([STACK]) == {STACK: "mine"}
    assert GitHub(api).receipts(["other/one/dev"]) == {}


@pytest.mark.parametrize("change", [{"merged_at": None}, {"base": {"ref": "release"}}])
def test_a_commit_without_a_merge_into_this_branch_was_not_reviewed(
    api: Answers, change: dict[str, Any]
) -> None:
    for pulls in ([], [{**MERGED, **change}]):
        api.found["/commits/c0ffee/pulls"] = pulls
        with pytest.raises(StackyardError, match="was not merged by a pull request"):
            GitHub(api).receipts([STACK])


def test_a_preview_that_did_not_succeed_approves_nothing(api: Answers) -> None:
    api.found[RUNS] = {"workflow_runs": []}
    with pytest.raises(StackyardError, match="no successful preview of head"):
        GitHub(api).receipts([STACK])


def test_what_is_no_archive_is_refused(api: Answers) -> None:
    api.found["/actions/artifacts/1/zip"] = b"<html>"
    with pytest.raises(StackyardError, match="is not a zip archive"):
        GitHub(api).receipts([STACK])
