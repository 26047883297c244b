"""A stand-in for GitHub on loopback: repository, pull requests, comments, issues, artifacts."""

from __future__ import annotations

import io
import json
import re
import subprocess
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "acme/estate"
BOT = {"type": "Bot"}


@dataclass
class Run:
    """One run of a workflow, as the API knows it."""

    id: int
    workflow: str
    event: str
    head: str
    conclusion: str = ""
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files by name, for each artifact."""


class GitHub:
    """The repository `acme/estate`: git over the file system, the REST API over HTTP."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.bare = folder / "estate.git"
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.runs: list[Run] = []
        self.calls: list[tuple[str, str, str]] = []
        """Method, path and the whole request, headers included."""

        handler = type("Handler", (_Handler,), {"github": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def begin(self) -> None:
        """Put the files in `work` under git."""
        self.git("init", "-q", "-b", "main")

    def publish(self) -> None:
        """Publish the files in `work` as the repository."""
        self.commit("The estate")
        subprocess.run(["git", "clone", "-q", "--bare", str(self.work), str(self.bare)], check=True)
        self.git("remote", "add", "origin", str(self.bare))

    def git(self, *words: str) -> str:
        """Run git in the developer's clone."""
        who = ("-c", "user.name=Dev", "-c", "user.email=dev@acme.example")
        command = ["git", "-C", str(self.work), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def switch(self, branch: str) -> None:
        """Begin a branch from main as it is now."""
        self.git("switch", "-q", "-C", branch, "main")

    def push(self, number: int, *, fork: bool = False) -> dict[str, Any]:
        """Push the branch that is checked out; return the event of its pull request."""
        branch = self.git("branch", "--show-current")
        self.commit(branch)
        self.git("push", "-q", "-f", "origin", branch)
        head = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", "--detach", "main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {head} into main", head)
        self.git("push", "-q", "-f", "origin", f"HEAD:refs/pull/{number}/merge")
        merge = self.git("rev-parse", "HEAD")
        self.git("switch", "-q", branch)
        owner = "stranger/estate" if fork else REPOSITORY
        self.pulls[number] = {
            "number": number,
            "merged_at": None,
            "head": {"sha": head, "repo": {"full_name": owner}},
            "base": {"ref": "main"},
            "merge": merge,
        }
        return self.pulls[number]

    def merge(self, number: int) -> tuple[str, str]:
        """Merge a pull request; return main before and after."""
        before = self.git("rev-parse", "main")
        self.git("switch", "-q", "main")
        head = self.pulls[number]["head"]["sha"]
        self.git("merge", "-q", "--no-ff", "-m", f"Merge pull request {number}", head)
        after = self.git("rev-parse", "HEAD")
        self.git("push", "-q", "origin", "main")
        self.pulls[number] |= {"merged_at": "2026-11-24T12:00:00Z", "merge_commit_sha": after}
        return before, after

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Any:
        """Answer a call of the REST API below the repository."""
        if found := re.fullmatch(r"/commits/(\w+)/pulls", path):
            merged = [p for p in self.pulls.values() if p.get("merge_commit_sha") == found[1]]
            return merged if query["page"] == ["1"] else []
        if found := re.fullmatch(r"/actions/workflows/([\w.-]+)/runs", path):
            wanted = (found[1], query["event"][0], query["head_sha"][0], query["status"][0])
            rows = [
                {"id": run.id}
                for run in reversed(self.runs)
                if (run.workflow, run.event, run.head, run.conclusion) == wanted
            ]
            return {"total_count": len(rows), "workflow_runs": rows}
        if found := re.fullmatch(r"/actions/runs/(\d+)/artifacts", path):
            names = list(self.runs[int(found[1])].artifacts)
            base = int(found[1]) * 1000
            artifacts = [
                {"id": base + n, "name": each, "expired": False} for n, each in enumerate(names)
            ]
            return {"total_count": len(artifacts), "artifacts": artifacts}
        if path == "/issues":
            return self._items(self.issues, method, query, body)
        if found := re.fullmatch(r"/issues/(?:comments/)?(\d+)", path):
            items = self.comments if "comments" in path else self.issues
            items[int(found[1])].update(body)
            return items[int(found[1])]
        found = re.fullmatch(r"/issues/(\d+)/comments", path)
        assert found, path
        return self._items(self.comments, method, query, body, change=int(found[1]))

    def archive(self, artifact: int) -> bytes:
        """Return an artifact as a zip archive."""
        number, place = divmod(artifact, 1000)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in list(self.runs[number].artifacts.values())[place].items():
                archive.writestr(name, content)
        return packed.getvalue()

    def _items(
        self,
        items: list[dict[str, Any]],
        method: str,
        query: dict[str, list[str]],
        body: Any,
        **more: Any,
    ) -> Any:
        if method == "GET":
            open_ones = [
                each
                for each in items
                if each.get("state", "open") == "open" and more.items() <= each.items()
            ]
            return open_ones if query["page"] == ["1"] else []
        number = len(items)
        made = {"id": number, "number": number, "html_url": f"{self.url}/{number}", "user": BOT}
        items.append({**made, "state": "open", **more, **body})
        return items[-1]


class _Handler(BaseHTTPRequestHandler):
    github: GitHub

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length).decode()
        parts = urlsplit(self.path)
        assert self.headers.get("Authorization") == "Bearer job-token" or parts.path == "/store"
        self.github.calls.append((self.command, parts.path, f"{self.headers}{raw}"))
        path = parts.path.removeprefix(f"/repos/{REPOSITORY}")
        if found := re.fullmatch(r"/actions/artifacts/(\d+)/zip", path):
            self.send_response(302)
            self.send_header("Location", f"{self.github.url}/store?artifact={found[1]}")
            self.end_headers()
            return
        query = parse_qs(parts.query)
        if path == "/store":
            # The store of artifacts is another host, which must not get the job's token.
            assert self.headers.get("Authorization") is None
            answer = self.github.archive(int(query["artifact"][0]))
        else:
            body = json.loads(raw) if raw else None
            answer = json.dumps(self.github.answer(self.command, path, query, body)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - names that http.server calls

    def log_message(self, *words: Any) -> None:
        """Say nothing."""
