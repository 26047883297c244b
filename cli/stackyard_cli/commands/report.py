"""`report`: receipts as one bounded comment, drift as one issue; printed, or posted by a job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import GitHostOption, Json

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Receipts, outputs of `destroy --dry-run --json` or `drift --json`, or folders.",
    ),
]
Expected = Annotated[
    Path | None,
    typer.Option(
        "--expected",
        metavar="FILE",
        help="JSON list of affected stacks, or a folder of them; one without receipt is a failure.",
        show_default=False,
    ),
]
Drift = Annotated[
    bool, typer.Option("--drift", help="Report drift; the files are outputs of `drift --json`.")
]
Outcome = Annotated[
    str,
    typer.Option(
        "--outcome", help="With --drift: result of the drift jobs, `success` or `failure`."
    ),
]
Post = Annotated[
    bool, typer.Option("--post", help="Create or update the comment or issue at the Git host.")
]


def report(
    files: Files,
    expected: Expected = None,
    drift: Drift = False,
    outcome: Outcome = "success",
    post: Post = False,
    git_host: GitHostOption = "github",
    json: Json = False,
) -> None:
    """Render receipts as one bounded comment, risk first; or drift as the text of an issue."""
    from stackyard_cli.ci import posts

    contents = list(posts.contents(files))
    made = posts.drift(contents, outcome) if drift else posts.review(contents, expected)
    address = made.publish(git_host) if post else None
    render.answer({"text": made.text, "posted": address}, json=json, text=made.text.rstrip())
