"""`report`: receipts as one bounded comment, drift as one issue; printed, or posted by a job."""

from __future__ import annotations

import json as decoder
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import Json

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Receipts, answers of `--json`, or folders of them."),
]
Expected = Annotated[
    Path | None,
    typer.Option(
        "--expected",
        metavar="FILE",
        help="The matrix of affected stacks: one without a receipt is told as failed.",
        show_default=False,
    ),
]
Drift = Annotated[bool, typer.Option("--drift", help="The files are answers of `drift --json`.")]
Outcome = Annotated[
    str, typer.Option("--outcome", help="With --drift: how the jobs ended that looked for it.")
]
Post = Annotated[
    Literal["github", "gitlab"] | None,
    typer.Option("--post", help="Write or update the one comment or issue.", show_default=False),
]


def report(
    files: Files,
    expected: Expected = None,
    drift: Drift = False,
    outcome: Outcome = "success",
    post: Post = None,
    json: Json = False,
) -> None:
    """Write receipts as one bounded comment, risk first; or drift as the text of an issue."""
    contents = list(_contents(files))
    if drift:
        from stackyard_cli.reports import drift_issue

        text = drift_issue.rendered(contents, outcome)
        wanted = drift_issue.needed(contents, outcome)
    else:
        text = _comment(contents, expected)
        wanted = True
    address = _posted(post, text, drift=drift, wanted=wanted) if post else None
    render.answer({"text": text, "posted": address}, json=json, text=text.rstrip())


def _comment(contents: Sequence[Any], expected: Path | None) -> str:
    from stackyard_cli.reports import comment
    from stackyard_cli.review.receipt import digest

    entries = []
    for content in contents:
        for one in content.get("stacks", [content]):
            if "digest" in one and digest(one) != one["digest"]:
                # Not told as reviewed: somebody or something wrote into it.
                one = {"stack": one.get("stack"), "outcome": "the receipt was changed"}
            entries.append(comment.entry(one))
    known = {each.stack for each in entries}
    wanted = _read(expected) if expected else []
    for row in wanted:
        if row["stack"] not in known:
            problem = "its job left no receipt: the job's log says why"
            entries.append(comment.Entry(row["stack"], row["operation"], problem=problem))
    return comment.rendered(entries)


def _posted(
    service: Literal["github", "gitlab"], text: str, *, drift: bool, wanted: bool
) -> str | None:
    from stackyard_cli.ci.hosts import Forge, GitHub, GitLab
    from stackyard_cli.reports import comment, drift_issue

    forge: Forge = GitHub.here() if service == "github" else GitLab.here()
    if drift:
        return forge.issue(drift_issue.TITLE, drift_issue.MARKER, text, wanted=wanted)
    change = os.environ.get("STACKYARD_CHANGE", "")
    if not change.isdigit():
        raise StackyardError(
            "STACKYARD_CHANGE is not the number of a pull request",
            hint="a job of the rendered pipeline sets it",
            code=ExitCode.INVALID,
        )
    return forge.comment(change, comment.MARKER, text)


def _contents(files: Sequence[Path]) -> Iterator[Any]:
    for file in files:
        for path in sorted(file.rglob("*.json")) if file.is_dir() else [file]:
            yield _read(path)


def _read(path: Path) -> Any:
    try:
        return decoder.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        hint = "a job that failed leaves half a file: look at its log"
        raise StackyardError(f"{path} is no JSON", hint=hint, code=ExitCode.INVALID) from None
