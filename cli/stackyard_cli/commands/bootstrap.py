"""`bootstrap`: prepares an AWS account for the first apply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import DryRun, EstateDir, GitHostOption, Json, Yes

Repository = Annotated[
    str,
    typer.Option(
        "--repo",
        metavar="OWNER/NAME",
        help="Repository whose jobs may assume the roles; OWNER@ID/NAME@ID where GitHub sends ids.",
    ),
]
Branch = Annotated[
    str | None,
    typer.Option(
        "--branch",
        help="Branch whose stacks are applied; by default that of the rendered pipelines, or main.",
        show_default=False,
    ),
]


def bootstrap(
    repository: Repository,
    git_host: GitHostOption = "github",
    branch: Branch = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Create the state bucket, its key, the OIDC provider and the roles of pipelines.

    With --dry-run the exit code is 4 if anything is missing or different.
    """
    from stackyard.estate.estate import Estate
    from stackyard_cli.bootstrap import setup
    from stackyard_cli.bootstrap.repository import chosen

    estate = Estate.find(Path.cwd(), estate_dir)
    trusted = chosen(estate.root, git_host, repository, branch)
    for note in trusted.notes():
        render.narrate(note)
    only_show = dry_run or (json and not yes)
    confirm = None if only_show else lambda account, rows: _confirm(account, rows, yes=yes)
    rows, complete = setup.bootstrap(estate, trusted, confirm)
    render.table(("status", "what", "name"), rows, json=json)
    if not complete:
        raise typer.Exit(ExitCode.CHANGES_PENDING)
    if all(row["status"] == "ok" for row in rows):
        render.narrate("nothing to do", "green")


def _confirm(account: str, rows: list[dict[str, str]], *, yes: bool) -> None:
    for row in rows:
        render.narrate(f"{row['status']}: {row['what']} {row['name']}")
    render.confirm(f"Create these in account {account}?", yes=yes, refusal="nothing created")
