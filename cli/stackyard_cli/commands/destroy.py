"""`destroy`: deletes stacks in reverse dependency order."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import DryRun, EstateDir, FailFast, Json, Parallel, Stacks, Yes

Confirm = Annotated[
    list[str] | None,
    typer.Option("--confirm", metavar="STACK", help="The full name of a protected stack."),
]


def destroy(
    stacks: Stacks,
    yes: Yes = False,
    confirm: Confirm = None,
    dry_run: DryRun = False,
    parallel: Parallel = None,
    fail_fast: FailFast = False,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Destroy stacks in reverse dependency order, and list the resources that are kept."""
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.destroy import Destruction
    from stackyard_cli.deploy.options import pace_of

    planned = Destruction.of(Deployment.open(estate_dir), stacks)
    if dry_run and json:
        render.answer({"stacks": planned.to_dict()}, json=True)
        return
    for line in planned.lines():
        render.narrate(line)
    if dry_run:
        return
    planned.check()
    planned.confirm(confirm or [], yes=yes)
    done = planned.run(pace_of(parallel, fail_fast=fail_fast))
    if json:
        render.answer(done.to_dict(), json=True)
    for line in done.warnings():
        render.narrate(line, "yellow")
    for line in done.orphans.lines():
        render.narrate(line)
    done.end(json_printed=json)
