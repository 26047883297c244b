"""Reads the options of rendered pipelines from their files in a repository."""

from __future__ import annotations

import re
from pathlib import Path

APPLY = ".github/workflows/stackyard-apply.yml"
"""The workflow that contains the branch; GitLab's pipeline uses the project's default branch."""

_BRANCH = re.compile(r'^    branches: \["([^"]+)"\]$', re.MULTILINE)


def rendered_branch(top: Path) -> str | None:
    """Return the branch that the workflow in a repository applies; None if there is none."""
    file = top / APPLY
    if not file.is_file():
        return None
    match = _BRANCH.search(file.read_text(encoding="utf-8"))
    return match[1] if match else None
