from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli.app import run
from stackyard_cli.reports import drift_issue
from stackyard_cli.review.receipt import digest


class Github:
    """As much of GitHub as comments and issues need; remembers what was written."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = [
            {"id": n, "body": "hello", "user": {"type": "User"}} for n in range(120)
        ]
        self.issues: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        github = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                github.tokens.add(self.headers.get("Authorization"))
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                found = github.answer(self.command, self.path, body)
                raw = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - names that http.server calls

            def log_message(self, *words: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        kind = "comments" if "comments" in path else "issues"
        items = self.comments if kind == "comments" else self.issues
        if method == "GET":
            page = int(path.rpartition("page=")[2])
            listed = [one for one in items if one.get("state", "open") == "open"]
            return listed[(page - 1) * 100 : page * 100]
        if method == "PATCH":
            number = int(path.rpartition("/")[2])
            one = next(one for one in items if one.get("id") == number)
            one.update(body)
            return one
        number = len(items)
        made = {"id": number, "number": number, "html_url": f"{path}/{number}", **body}
        items.append({**made, "user": {"type": "Bot"}})
        return made


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Github]:
    found = Github()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("GITHUB_API_URL", found.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/estate")
    monkeypatch.setenv("GITHUB_TOKEN", "canary-token")
    monkeypatch.setenv("STACKYARD_CHANGE", "7")
    yield found
    found.server.shutdown()
    found.server.server_close()


def write(folder: Path, name: str, **content: Any) -> Path:
    path = folder / "receipts" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    whole = {"stack": f"{name}/x1/dev", "steps": [], **content}
    path.write_text(json.dumps({**whole, "digest": digest(whole)}))
    return path


def test_one_comment_is_updated_in_place(
    github: Github, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A person who copies the comment's first line does not get their words replaced.
    github.comments[3]["body"] = "<!-- stackyard: review -->\nmine"
    path = write(tmp_path, "aa")
    for warning in ("first", "second"):
        write(tmp_path, "aa", warnings=[warning], stops=[{"kind": "policy", "message": warning}])
        assert run(["report", str(path.parent), "--post", "--json"]) == 0
    assert len(github.comments) == 121
    assert "second" in github.comments[-1]["body"]
    assert github.comments[3]["body"].endswith("mine")
    assert github.tokens == {"Bearer canary-token"}
    told = capsys.readouterr()
    assert "canary" not in told.out + told.err


def test_one_issue_opens_updates_and_closes(github: Github, tmp_path: Path) -> None:
    file = tmp_path / "dev.json"
    row = {"stack": "a/b/dev", "kind": "risky", "name": "n", "path": "p", "reason": "r"}
    words = ["report", str(file), "--drift", "--post"]
    for rows in ([], [row], [row, {**row, "name": "other"}], []):
        file.write_text(json.dumps(rows))
        assert run(words) == 0
    assert [issue["state"] for issue in github.issues] == ["closed"]
    unseen = {**row, "kind": "unknown", "path": "(not compared)", "reason": "no state"}
    assert drift_issue.needed([[unseen]], "success"), "not to look is not to find nothing"
    assert "`no state`" in drift_issue.rendered([[unseen]], "success")
    file.write_text(json.dumps([row]))
    assert run(words) == 0
    assert len(github.issues) == 2


def test_missing_and_changed_receipts_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "aa")
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "steps": [{"operation": "create"}]}))
    expected = tmp_path / "expected.json"
    rows = [{"stack": f"{name}/x1/dev", "operation": "preview"} for name in ("aa", "bb")]
    expected.write_text(json.dumps(rows))
    assert run(["report", str(path.parent), "--expected", str(expected)]) == 0
    text = capsys.readouterr().out
    assert "`aa/x1/dev` no preview: `the receipt was changed`" in text
    assert "`bb/x1/dev` no preview: `its job wrote no receipt" in text


def test_what_a_job_lacks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "aa")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert run(["report", str(path), "--post"]) == 2
    assert "GITHUB_TOKEN is not set" in capsys.readouterr().err
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    monkeypatch.setenv("GITHUB_REPOSITORY", "a/b")
    monkeypatch.setenv("STACKYARD_CHANGE", "7")
    monkeypatch.setenv("GITHUB_API_URL", "http://example.org")
    assert run(["report", str(path), "--post"]) == 2
    assert "not an https address" in capsys.readouterr().err
    path.write_text("{")
    assert run(["report", str(path)]) == 2
