"""GitHub: comments, the drift issue, and receipts from workflow artifacts.

Sources: https://docs.github.com/rest/issues, https://docs.github.com/rest/actions/artifacts.
"""

from __future__ import annotations

import io
import os
import urllib.parse
import zipfile
from collections.abc import Collection
from dataclasses import dataclass

from stackyard_cli.ci.hosts.base import Api, commit_of, setting
from stackyard_cli.errors import StackyardError
from stackyard_cli.review.receipt_file import receipt_file

PREVIEW = "stackyard-preview.yml"
"""File name of the preview workflow, as `pipelines` renders it."""

LARGEST = 32_000_000
"""Maximum size of a receipt in bytes; the receipt of 500 resources has some 300,000."""


@dataclass(frozen=True)
class GitHub:
    """A repository at GitHub."""

    api: Api

    @classmethod
    def here(cls) -> GitHub:
        """Return the repository of the job."""
        url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
        headers = {
            "Authorization": f"Bearer {setting('GITHUB_TOKEN')}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return cls(Api(f"{url}/repos/{setting('GITHUB_REPOSITORY')}", headers))

    def comment(self, change: str, marker: str, body: str) -> str:
        """Create or update the one comment of a pull request."""
        for existing in self.api.pages(f"/issues/{int(change)}/comments"):
            # Anyone may write the marker; only a comment of this job's own identity is edited.
            if existing["body"].startswith(marker) and existing["user"]["type"] == "Bot":
                path = f"/issues/comments/{existing['id']}"
                return str(self.api.call("PATCH", path, {"body": body})["html_url"])
        made = self.api.call("POST", f"/issues/{int(change)}/comments", {"body": body})
        return str(made["html_url"])

    def issue(self, title: str, marker: str, body: str, *, needed: bool) -> str | None:
        """Create, update or close the one open issue."""
        for existing in self.api.pages("/issues?state=open"):
            mine = (existing["body"] or "").startswith(marker) and "pull_request" not in existing
            if mine and existing["user"]["type"] == "Bot":
                change = {"body": body} | ({} if needed else {"state": "closed"})
                return str(
                    self.api.call("PATCH", f"/issues/{existing['number']}", change)["html_url"]
                )
        if not needed:
            return None
        return str(self.api.call("POST", "/issues", {"title": title, "body": body})["html_url"])

    def receipts(self, stacks: Collection[str]) -> dict[str, str]:
        """Return receipts from the artifacts of the merged commit's last successful preview.

        https://docs.github.com/rest/actions/artifacts: each artifact is a zip archive.
        """
        head = self._merged_head()
        files = {receipt_file(stack): stack for stack in stacks}
        texts: dict[str, str] = {}
        for artifact in self.api.pages(
            f"/actions/runs/{self._preview(head)}/artifacts", "artifacts"
        ):
            if artifact["name"].startswith("receipt-") and not artifact["expired"]:
                raw = self.api.raw("GET", f"/actions/artifacts/{int(artifact['id'])}/zip")
                texts |= {files[name]: text for name, text in _unpacked(raw, files).items()}
        return texts

    def _merged_head(self) -> str:
        commit, branch = commit_of("GITHUB_SHA"), setting("GITHUB_REF_NAME")
        for change in self.api.pages(f"/commits/{commit}/pulls"):
            # A review for another branch used that branch's tool and policies.
            if change["merged_at"] and change["base"]["ref"] == branch:
                return urllib.parse.quote(change["head"]["sha"], safe="")
        raise StackyardError(f"{commit[:12]} was not merged by a pull request")

    def _preview(self, head: str) -> int:
        query = f"head_sha={head}&event=pull_request&status=success"
        path = f"/actions/workflows/{PREVIEW}/runs?{query}"
        # The newest is first: the comment shows this one.
        run = next(self.api.pages(path, "workflow_runs"), None)
        if run is None:
            raise StackyardError(f"no successful preview of {head[:12]}")
        return int(run["id"])


def _unpacked(raw: bytes, names: Collection[str]) -> dict[str, str]:
    """Return the wanted files of an archive; other files are not read."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return {
                info.filename: archive.read(info).decode()
                for info in archive.infolist()
                if info.filename in names and info.file_size <= LARGEST
            }
    except zipfile.BadZipFile:
        raise StackyardError("an artifact of the preview is not a zip archive") from None
