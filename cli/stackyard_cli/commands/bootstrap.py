"""`bootstrap`: what an AWS account needs before the first apply, shown first, made once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Yes

Repository = Annotated[
    str,
    typer.Option("--repo", metavar="OWNER/NAME", help="The repository whose jobs get the roles."),
]
Plan = Annotated[bool, typer.Option("--plan", help="Only show what is missing; exit 4 if any.")]
Forge = Annotated[Literal["github", "gitlab"], typer.Option("--forge", help="Where it lies.")]


def bootstrap(
    repository: Repository,
    forge: Forge = "github",
    plan: Plan = False,
    yes: Yes = False,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Make the state bucket, its key, the identity provider and the roles of pipelines."""
    from botocore.exceptions import BotoCoreError, ClientError

    from stackyard.estate.estate import Estate
    from stackyard_cli.bootstrap.setup import Setup, run

    if not all(part.strip() for part in repository.split("/")) or "*" in repository:
        message = f"a repository is OWNER/NAME, without wildcards (got {repository!r})"
        raise StackyardError(message, code=ExitCode.INVALID)
    try:
        setup = Setup(Estate.find(Path.cwd(), estate), _clients, _region(), forge, repository)
        rows: list[dict[str, str]] = []
        open_steps = run(setup, rows.append, change=False)
        columns = ("standing", "what", "name")
        if plan or not open_steps or (json and not yes):
            render.table(columns, rows, json=json)
            if open_steps:
                raise typer.Exit(ExitCode.CHANGES_PENDING)
            render.narrate("nothing to do", "green")
            return
        shown = [row for row in rows if row["standing"] != "ok"]
        for row in shown:
            render.narrate(f"{row['standing']}: {row['what']} {row['name']}")
        _agree(setup.place.account, yes=yes)
        done: list[dict[str, str]] = []
        run(setup, done.append, change=True)
        render.table(columns, [row for row in done if row["standing"] != "ok"], json=json)
    except (BotoCoreError, ClientError) as error:
        hint = "take credentials of an administrator of the account; run it again to go on"
        raise StackyardError(f"AWS: {error}", hint=hint) from None


def _clients(service: str) -> Any:
    import boto3

    return boto3.client(service, region_name=_region())


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _agree(account: str, *, yes: bool) -> None:
    if not yes and render.ask(f"Make these in account {account}? Type `yes`:") != "yes":
        message = "nothing was made: the answer was not `yes`"
        raise StackyardError(message, code=ExitCode.INVALID)
