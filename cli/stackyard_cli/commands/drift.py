"""`drift`: changes that were made outside of Stackyard; `--fix` applies the files again."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import EstateDir, Json, Parallel, Selection, Yes

Fix = Annotated[
    bool, typer.Option("--fix", help="Apply the stacks that drifted, after a confirmation.")
]

COLUMNS = ("stack", "kind", "type", "name", "path", "reason")


def drift(
    stacks: Selection = None,
    fix: Fix = False,
    yes: Yes = False,
    parallel: Parallel = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Compare applied stacks with the cloud; exit code 4 if something drifted."""
    from stackyard_cli.deploy.apply import ApplyOptions, apply_stacks
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.drift import check_drift
    from stackyard_cli.deploy.options import pace_of

    pace = pace_of(parallel)
    check = check_drift(Deployment.open(estate_dir), stacks, pace)
    render.table(COLUMNS, check.rows, json=json)
    for line in check.expired_rules():
        render.narrate(line, "yellow")
    check.refreshed.end(json_printed=json)
    if check.drifted and not fix:
        raise typer.Exit(ExitCode.CHANGES_PENDING)
    if check.drifted:
        options = ApplyOptions(yes=yes, refresh=True, pace=pace)
        apply_stacks(Deployment.open(estate_dir), check.drifted, options).end()
