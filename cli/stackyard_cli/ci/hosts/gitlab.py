"""GitLab: merge request notes, the drift issue, and receipts from job artifacts.

Sources: https://docs.gitlab.com/api/notes/, https://docs.gitlab.com/api/job_artifacts/.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from stackyard_cli.ci.hosts.base import Api, commit_of, setting
from stackyard_cli.errors import StackyardError
from stackyard_cli.review.receipt_file import receipt_file


@dataclass(frozen=True)
class GitLab:
    """A project at GitLab."""

    api: Api

    @classmethod
    def here(cls) -> GitLab:
        """Return the project of the job."""
        headers = {"PRIVATE-TOKEN": setting("STACKYARD_TOKEN")}
        url = f"{setting('CI_API_V4_URL')}/projects/{int(setting('CI_PROJECT_ID'))}"
        return cls(Api(url, headers))

    def comment(self, change: str, marker: str, body: str) -> str:
        """Create or update the one note of a merge request."""
        base = f"/merge_requests/{int(change)}/notes"
        me = self._me()
        for existing in self.api.pages(base):
            if existing["body"].startswith(marker) and existing["author"]["id"] == me:
                self.api.call("PUT", f"{base}/{existing['id']}", {"body": body})
                return f"!{change} note {existing['id']}"
        made = self.api.call("POST", base, {"body": body})
        return f"!{change} note {made['id']}"

    def issue(self, title: str, marker: str, body: str, *, needed: bool) -> str | None:
        """Create, update or close the one open issue."""
        me = self._me()
        for existing in self.api.pages("/issues?state=opened"):
            if (existing["description"] or "").startswith(marker) and existing["author"][
                "id"
            ] == me:
                change = {"description": body} | ({} if needed else {"state_event": "close"})
                return str(self.api.call("PUT", f"/issues/{existing['iid']}", change)["web_url"])
        if not needed:
            return None
        made = self.api.call("POST", "/issues", {"title": title, "description": body})
        return str(made["web_url"])

    def receipts(self, stacks: Collection[str]) -> dict[str, str]:
        """Return receipts from the merge request of the commit."""
        commit, branch = commit_of("CI_COMMIT_SHA"), setting("CI_COMMIT_REF_NAME")
        merged = [
            each
            for each in self.api.pages(f"/repository/commits/{commit}/merge_requests")
            if each["state"] == "merged" and each["target_branch"] == branch
        ]
        if not merged:
            raise StackyardError(f"{commit[:12]} was not merged by a merge request")
        change = merged[0]
        texts: dict[str, str] = {}
        for job in self._jobs(change["iid"], change["sha"]):
            if job["name"] in stacks and job["name"] not in texts:
                path = f"/jobs/{int(job['id'])}/artifacts/receipts/{receipt_file(job['name'])}"
                texts[job["name"]] = self.api.raw("GET", path).decode()
        return texts

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
