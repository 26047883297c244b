"""Selects the client of a Git host by its name."""

from __future__ import annotations

from stackyard_cli.ci.hosts import GitHostName
from stackyard_cli.ci.hosts.base import GitHost
from stackyard_cli.ci.hosts.github import GitHub
from stackyard_cli.ci.hosts.gitlab import GitLab


def git_host(name: GitHostName) -> GitHost:
    """Return the repository of the current job; raises StackyardError outside of a job."""
    return GitHub.here() if name == "github" else GitLab.here()
