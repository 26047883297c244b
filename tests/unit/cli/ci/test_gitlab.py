"""The one note and issue at GitLab, and the way from a commit to the receipt that was reviewed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli.app import run
from stackyard_cli.ci.hosts.gitlab import GitLab
from stackyard_cli.errors import StackyardError

STACK = "vision/defects/dev"
MERGED = {"iid": 7, "sha": "head", "state": "merged", "target_branch": "main"}
PIPELINES = [{"id": 3, "sha": "older"}, {"id": 4, "sha": "head"}]


class Server:
    """As much of GitLab as is asked: a merge request with two pipelines, notes and issues."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []
        self.merge_requests: list[dict[str, Any]] = [MERGED]
        self.tokens_at_store: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                path = self.path.partition("?")[0]
                if path.endswith(f"/jobs/5/artifacts/receipts/{STACK.replace('/', '.')}.json"):
                    self.send_response(302)
                    self.send_header("Location", f"http://127.0.0.1:{server.port}/store")
                    self.end_headers()
                    return
                if path == "/store":
                    server.tokens_at_store.append(self.headers.get("PRIVATE-TOKEN"))
                raw = json.dumps(server.answer(self.command, path, body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names that http.server calls

            def log_message(self, *words: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        fixed: dict[str, Any] = {
            "/user": {"id": 1},
            "/store": {"stack": STACK},
            "/projects/9/repository/commits/c0ffee/merge_requests": self.merge_requests,
            "/projects/9/merge_requests/7/pipelines": PIPELINES,
            "/projects/9/pipelines/4/bridges": [{"downstream_pipeline": {"id": 40}}],
            "/projects/9/pipelines/40/jobs": [
                {"id": 6, "name": "comment"},
                {"id": 5, "name": STACK},
            ],
        }
        if path in fixed:
            return fixed[path]
        assert path.startswith("/projects/9/merge_requests/7/notes"), path
        if method == "GET":
            return self.notes
        if method == "PUT":
            number = int(re.sub(r"\D", "", path.rpartition("/")[2]))
            self.notes[number].update(body)
            return self.notes[number]
        self.notes.append({"id": len(self.notes), "author": {"id": 1}, **body})
        return self.notes[-1]


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found = Server()
    threading.Thread(target=found.server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CI_API_V4_URL", f"http://127.0.0.1:{found.port}")
    monkeypatch.setenv("CI_PROJECT_ID", "9")
    monkeypatch.setenv("CI_COMMIT_SHA", "c0ffee")
    monkeypatch.setenv("CI_COMMIT_REF_NAME", "main")
    monkeypatch.setenv("STACKYARD_TOKEN", "canary-token")
    monkeypatch.setenv("STACKYARD_CHANGE", "7")
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_the_receipt_is_of_the_merged_head_and_the_token_stays(
    gitlab: Server, tmp_path: Path
) -> None:
    assert run(["ci", "receipts", STACK, "--to", str(tmp_path), "--git-host", "gitlab"]) == 0
    assert json.loads((tmp_path / "vision.defects.dev.json").read_text()) == {"stack": STACK}
    assert gitlab.tokens_at_store == [None]


def test_what_was_not_reviewed_has_no_receipt(gitlab: Server) -> None:
    assert GitLab.here().receipts(["other"]) == {}
    gitlab.merge_requests = [{**MERGED, "sha": "pushed-later"}]
    assert GitLab.here().receipts([STACK]) == {}


@pytest.mark.parametrize("change", [{"state": "opened"}, {"target_branch": "release"}])
def test_a_commit_without_a_merge_into_this_branch_was_not_reviewed(
    gitlab: Server, change: dict[str, str]
) -> None:
    for found in ([], [{**MERGED, **change}]):
        gitlab.merge_requests = found
        with pytest.raises(StackyardError, match="was not merged by a merge request"):
            GitLab.here().receipts([STACK])


def test_one_note_is_updated_in_place(gitlab: Server, tmp_path: Path) -> None:
    gitlab.notes = [{"id": 0, "author": {"id": 2}, "body": "<!-- stackyard: review -->"}]
    for warning in ("first", "second"):
        file = tmp_path / "a.json"
        file.write_text(json.dumps({"stack": STACK, "steps": [], "warnings": [warning]}))
        assert run(["report", str(file), "--post", "--git-host", "gitlab"]) == 0
    assert len(gitlab.notes) == 2
    assert gitlab.notes[0]["body"] == "<!-- stackyard: review -->"
