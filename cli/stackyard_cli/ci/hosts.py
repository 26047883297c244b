"""The comment of a pull request, the issue of drift, and the receipts that were reviewed.

Comment and issue are one each, updated in place. Receipts come from the artifacts of the last
successful preview of what was merged.

GitHub: https://docs.github.com/rest/issues; GitLab: https://docs.gitlab.com/api/notes/. The token
comes from the job's environment and goes into a header only.
"""

from __future__ import annotations

import io
import json
import os
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stackyard_cli.errors import ExitCode, StackyardError

SECONDS = 30
PAGE = 100

PREVIEW = "stackyard-preview.yml"
"""The file of the workflow that previews, as `pipelines` names it."""

LARGEST = 32_000_000
"""Bytes of a receipt that are read; one of 500 resources has some 300,000."""


class Forge(Protocol):
    """Where comments and issues are."""

    def comment(self, change: str, marker: str, body: str) -> str:
        """Write or update the one comment of a change; return its address."""

    def issue(self, title: str, marker: str, body: str, *, wanted: bool) -> str | None:
        """Write or update the one open issue, or close it where it is not wanted any more."""

    def receipts(self, stacks: Collection[str]) -> Mapping[str, str]:
        """Return the receipts that were reviewed for the job's commit, by stack.

        A stack without one is left out: it was not reviewed, and so is not applied. Raises
        StackyardError where the commit came without a review.
        """


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        hint = "a job of the rendered pipeline sets it"
        raise StackyardError(f"{name} is not set", hint=hint, code=ExitCode.INVALID)
    return value


@dataclass(frozen=True)
class Api:
    """A JSON API below one address."""

    url: str
    headers: Mapping[str, str] = field(repr=False)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer; raises StackyardError with the status, never with a header."""
        raw = self.raw(method, path, body)
        return json.loads(raw) if raw else None

    def raw(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        """Return the answer as it came."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(_checked(self.url) + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        for name, value in self.headers.items():
            # A redirect (to a store of artifacts) must not carry the token along.
            request.add_unredirected_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise StackyardError(f"{method} {path}: status {error.code}") from None
        except (urllib.error.URLError, TimeoutError) as error:
            raise StackyardError(f"{method} {path}: {error}") from None

    def pages(self, path: str, within: str | None = None) -> Iterator[Any]:
        """Yield every item of a list, page after page; `within`: the answer's key that has it."""
        mark = "&" if "?" in path else "?"
        number = 1
        while answer := self.call("GET", f"{path}{mark}per_page={PAGE}&page={number}"):
            items = answer[within] if within else answer
            yield from items
            if len(items) < PAGE:
                return
            number += 1


@dataclass(frozen=True)
class GitHub:
    """A repository at GitHub."""

    api: Api

    @classmethod
    def here(cls) -> GitHub:
        """Return the repository that the job runs for."""
        url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
        headers = {
            "Authorization": f"Bearer {_setting('GITHUB_TOKEN')}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return cls(Api(f"{url}/repos/{_setting('GITHUB_REPOSITORY')}", headers))

    def comment(self, change: str, marker: str, body: str) -> str:
        """Write or update the one comment of a pull request."""
        for found in self.api.pages(f"/issues/{int(change)}/comments"):
            # Anyone may write the marker; only what this job's own identity wrote is edited.
            if found["body"].startswith(marker) and found["user"]["type"] == "Bot":
                path = f"/issues/comments/{found['id']}"
                return str(self.api.call("PATCH", path, {"body": body})["html_url"])
        made = self.api.call("POST", f"/issues/{int(change)}/comments", {"body": body})
        return str(made["html_url"])

    def issue(self, title: str, marker: str, body: str, *, wanted: bool) -> str | None:
        """Write, update or close the one open issue."""
        for found in self.api.pages("/issues?state=open"):
            mine = (found["body"] or "").startswith(marker) and "pull_request" not in found
            if mine and found["user"]["type"] == "Bot":
                change = {"body": body} | ({} if wanted else {"state": "closed"})
                return str(self.api.call("PATCH", f"/issues/{found['number']}", change)["html_url"])
        if not wanted:
            return None
        return str(self.api.call("POST", "/issues", {"title": title, "body": body})["html_url"])

    def receipts(self, stacks: Collection[str]) -> dict[str, str]:
        """Return receipts from the artifacts of the last successful preview of what was merged.

        https://docs.github.com/rest/actions/artifacts: each artifact is a zip archive.
        """
        head = self._merged_head()
        wanted = {file_of(stack): stack for stack in stacks}
        found: dict[str, str] = {}
        for artifact in self.api.pages(
            f"/actions/runs/{self._preview(head)}/artifacts", "artifacts"
        ):
            if artifact["name"].startswith("receipt-") and not artifact["expired"]:
                raw = self.api.raw("GET", f"/actions/artifacts/{int(artifact['id'])}/zip")
                found |= {wanted[name]: text for name, text in _unpacked(raw, wanted).items()}
        return found

    def _merged_head(self) -> str:
        commit, branch = _commit("GITHUB_SHA"), _setting("GITHUB_REF_NAME")
        for change in self.api.pages(f"/commits/{commit}/pulls"):
            # What was reviewed for another branch was judged by that branch's tool and policies.
            if change["merged_at"] and change["base"]["ref"] == branch:
                return urllib.parse.quote(change["head"]["sha"], safe="")
        raise StackyardError(f"{commit[:12]} came without a pull request: nothing was reviewed")

    def _preview(self, head: str) -> int:
        query = f"head_sha={head}&event=pull_request&status=success"
        path = f"/actions/workflows/{PREVIEW}/runs?{query}"
        # The newest comes first: it is the one that the comment told of last.
        run = next(self.api.pages(path, "workflow_runs"), None)
        if run is None:
            raise StackyardError(f"no successful preview of {head[:12]}")
        return int(run["id"])


@dataclass(frozen=True)
class GitLab:
    """A project at GitLab."""

    api: Api

    @classmethod
    def here(cls) -> GitLab:
        """Return the project that the job runs for."""
        headers = {"PRIVATE-TOKEN": _setting("STACKYARD_TOKEN")}
        url = f"{_setting('CI_API_V4_URL')}/projects/{int(_setting('CI_PROJECT_ID'))}"
        return cls(Api(url, headers))

    def comment(self, change: str, marker: str, body: str) -> str:
        """Write or update the one note of a merge request."""
        base = f"/merge_requests/{int(change)}/notes"
        me = self._me()
        for found in self.api.pages(base):
            if found["body"].startswith(marker) and found["author"]["id"] == me:
                self.api.call("PUT", f"{base}/{found['id']}", {"body": body})
                return f"!{change} note {found['id']}"
        made = self.api.call("POST", base, {"body": body})
        return f"!{change} note {made['id']}"

    def issue(self, title: str, marker: str, body: str, *, wanted: bool) -> str | None:
        """Write, update or close the one open issue."""
        me = self._me()
        for found in self.api.pages("/issues?state=opened"):
            if (found["description"] or "").startswith(marker) and found["author"]["id"] == me:
                change = {"description": body} | ({} if wanted else {"state_event": "close"})
                return str(self.api.call("PUT", f"/issues/{found['iid']}", change)["web_url"])
        if not wanted:
            return None
        made = self.api.call("POST", "/issues", {"title": title, "description": body})
        return str(made["web_url"])

    def receipts(self, stacks: Collection[str]) -> dict[str, str]:
        """Return receipts from the merge request that the commit came by."""
        commit, branch = _commit("CI_COMMIT_SHA"), _setting("CI_COMMIT_REF_NAME")
        merged = [
            each
            for each in self.api.pages(f"/repository/commits/{commit}/merge_requests")
            if each["state"] == "merged" and each["target_branch"] == branch
        ]
        if not merged:
            raise StackyardError(f"{commit[:12]} came without a merge request: not reviewed")
        change = merged[0]
        found: dict[str, str] = {}
        for job in self._jobs(change["iid"], change["sha"]):
            if job["name"] in stacks and job["name"] not in found:
                path = f"/jobs/{int(job['id'])}/artifacts/receipts/{file_of(job['name'])}"
                found[job["name"]] = self.api.raw("GET", path).decode()
        return found

    def _jobs(self, change: int, head: str) -> Iterator[Any]:
        """Yield the successful jobs of a merge request's last previews, the newest first."""
        pipelines = self.api.pages(f"/merge_requests/{int(change)}/pipelines")
        for pipeline in (each for each in pipelines if each["sha"] == head):
            for bridge in self.api.pages(f"/pipelines/{pipeline['id']}/bridges"):
                child = (bridge.get("downstream_pipeline") or {}).get("id")
                if child:
                    yield from self.api.pages(f"/pipelines/{child}/jobs?scope[]=success")

    def _me(self) -> int:
        root = self.api.url.rpartition("/projects/")[0]
        return int(Api(root, self.api.headers).call("GET", "/user")["id"])


def file_of(stack: str) -> str:
    """Return the name of a stack's receipt among the files of a job."""
    return f"{stack.replace('/', '.')}.json"


def _commit(variable: str) -> str:
    return urllib.parse.quote(_setting(variable), safe="")


def _unpacked(raw: bytes, wanted: Collection[str]) -> dict[str, str]:
    """Return the wanted files of an archive; nothing else of it is looked at."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return {
                info.filename: archive.read(info).decode()
                for info in archive.infolist()
                if info.filename in wanted and info.file_size <= LARGEST
            }
    except zipfile.BadZipFile:
        raise StackyardError("an artifact of the preview is no archive") from None


def _checked(url: str) -> str:
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise StackyardError(f"not an https address: {url}", code=ExitCode.INVALID)
    return url
