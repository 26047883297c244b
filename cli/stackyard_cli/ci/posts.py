"""Posts of a job at the Git host: the comment of a pull request, and the drift issue."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from stackyard_cli.ci.hosts import GitHostName
from stackyard_cli.ci.hosts.select import git_host
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.reports import comment, drift_issue
from stackyard_cli.review.receipt import digest


class Post(Protocol):
    """A rendered text for one comment or issue."""

    @property
    def text(self) -> str:
        """The text in Markdown."""

    def publish(self, host: GitHostName) -> str | None:
        """Create or update the comment or issue; return its address."""


@dataclass(frozen=True)
class Comment:
    """The comment of the job's pull request."""

    text: str

    def publish(self, host: GitHostName) -> str:
        """Create or update the comment; raises StackyardError outside a pull request's job."""
        repository = git_host(host)
        change = os.environ.get("STACKYARD_CHANGE", "")
        if not change.isdigit():
            raise StackyardError(
                f"STACKYARD_CHANGE is not the number of a pull request (got {change!r})",
                hint="run this in a job of the rendered pipeline, which sets it",
                code=ExitCode.INVALID,
            )
        return repository.comment(change, comment.MARKER, self.text)


@dataclass(frozen=True)
class Issue:
    """The drift issue; `needed` is False without drift."""

    text: str
    needed: bool

    def publish(self, host: GitHostName) -> str | None:
        """Create, update or close the issue; None if there is none and none is needed."""
        marker = drift_issue.MARKER
        return git_host(host).issue(drift_issue.TITLE, marker, self.text, needed=self.needed)


def drift(contents: Sequence[Any], outcome: str) -> Post:
    """Return the drift issue from outputs of `drift --json` and the result of their jobs."""
    text = drift_issue.rendered(contents, outcome)
    return Issue(text, needed=drift_issue.needed(contents, outcome))


def review(receipts: Sequence[Any], expected: Path | None) -> Post:
    """Return the comment from receipts; a stack in `expected` without one is a failed preview.

    `expected` is a JSON list of stacks, or a folder of such files.
    """
    entries = []
    for content in receipts:
        for one in content.get("stacks", [content]):
            if "digest" in one and digest(one) != one["digest"]:
                # A receipt that was edited is not shown as reviewed.
                one = {"stack": one.get("stack"), "outcome": "the receipt was changed"}
            entries.append(comment.entry(one))
    known = {each.stack for each in entries}
    for row in chain.from_iterable(contents([expected] if expected else [])):
        if row["stack"] not in known:
            problem = "its job wrote no receipt; the log of the job shows the reason"
            entries.append(comment.Entry(row["stack"], row["operation"], problem=problem))
    return Comment(comment.rendered(entries))


def contents(files: Sequence[Path]) -> Iterator[Any]:
    """Yield the JSON of every file, and of every `*.json` below a folder, sorted by name."""
    for file in files:
        for path in sorted(file.rglob("*.json")) if file.is_dir() else [file]:
            yield _read(path)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        hint = "read the log of its job: a failed job may write an incomplete file"
        raise StackyardError(f"{path} is not JSON", hint=hint, code=ExitCode.INVALID) from None
