"""The repository whose jobs may assume the pipelines' roles, as in the Git host's tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stackyard_cli.ci.hosts import GitHostName
from stackyard_cli.ci.rendered import rendered_branch
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.estate_ops.git import below_top

WITH_IDS = re.compile(r"[\w.-]+@[0-9]+/[\w.-]+@[0-9]+")
"""A repository in subjects since 15 July 2026, `OWNER@ID/NAME@ID`:
https://docs.github.com/actions/reference/security/oidc#immutable-subject-claims."""

WITHOUT_IDS = re.compile(r"[\w.-]+(/[\w.-]+)+")
"""A repository by its name; GitLab allows nested groups."""


@dataclass(frozen=True)
class Repository:
    """A repository whose jobs may assume the roles, and the branch that is applied."""

    host: GitHostName
    name: str
    """`OWNER/NAME`, or `OWNER@ID/NAME@ID` at GitHub."""

    branch: str

    @property
    def by_ids(self) -> bool:
        """Whether subjects have ids: then another repository with a former name is not trusted."""
        return WITH_IDS.fullmatch(self.name) is not None

    def subjects(self, stage: str | None) -> list[str]:
        """Return the subjects of jobs that assume a stage's apply role, or the preview role."""
        if self.host == "gitlab":
            ref = f"branch:ref:{self.branch}" if stage else "*"
            return [f"project_path:{self.name}:ref_type:{ref}"]
        of = f"repo:{self.name}"
        if stage:
            return [f"{of}:environment:{stage}"]
        return [f"{of}:pull_request", f"{of}:ref:refs/heads/{self.branch}"]

    def notes(self) -> Iterator[str]:
        """Yield notes for people about the trusted subjects."""
        if self.host == "gitlab":
            return
        yield f"roles trust tokens of GitHub whose subject begins with `repo:{self.name}:`"
        yield "upper and lower case count; the branch is " + self.branch
        if not self.by_ids:
            yield (
                "a repository that was created, renamed or switched since 15 July 2026 sends "
                f"`repo:OWNER@ID/NAME@ID:`; then give its ids: --repo {_with_ids(self.name)} "
                f"(`gh api repos/{self.name} --jq '.owner.id, .id'` prints both)"
            )


def chosen(root: Path, host: GitHostName, name: str, branch: str | None) -> Repository:
    """Return the repository of the options; the branch is that of the rendered pipelines.

    Raises StackyardError if it is not a single repository (with a wildcard, other repositories
    could assume the roles), and for a branch that the rendered pipelines do not apply.
    """
    if not (WITHOUT_IDS.fullmatch(name) or (host == "github" and WITH_IDS.fullmatch(name))):
        message = f"the repository must be OWNER/NAME, without wildcards (got {name!r})"
        if "@" in name:
            message = f"only GitHub repositories have ids, as OWNER@ID/NAME@ID (got {name!r})"
        hint = "name one repository, for example `--repo acme/estate` or `--repo acme@1/estate@2`"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    rendered = None
    with suppress(StackyardError):  # an estate that is not in a repository yet
        rendered = rendered_branch(below_top(root)[0])
    if branch and rendered and branch != rendered:
        message = f"the rendered pipelines apply the branch {rendered!r} (got --branch {branch!r})"
        hint = f"use `--branch {rendered}`, or `stackyard ci render --branch {branch} --write`"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    return Repository(host, name, branch or rendered or "main")


def _with_ids(name: str) -> str:
    owner, _, repository = name.partition("/")
    return f"{owner}@ID/{repository}@ID"
