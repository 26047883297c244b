"""`leftovers`: orphaned resources of stacks in the account, and their cost."""

from __future__ import annotations

from pathlib import Path

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import EstateDir, Json, Selection

COLUMNS = ("stack", "verdict", "data_class", "type", "name", "cost", "id")


def leftovers(stacks: Selection = None, json: Json = False, estate_dir: EstateDir = None) -> None:
    """List orphaned resources: tagged with a stack, and in no state. Exit code 4 if unexpected.

    AWS's tagging API may still list resources that were deleted some minutes ago.
    """
    from stackyard.estate.estate import Estate
    from stackyard_cli.backend.location import location_of_estate
    from stackyard_cli.estate_ops.selection import select
    from stackyard_cli.inventory.orphan_search import orphans_of

    estate = Estate.find(Path.cwd(), estate_dir)
    orphans = orphans_of(location_of_estate(estate), estate, select(estate, stacks))
    if json:
        render.answer(orphans.to_dict(), json=True)
    else:
        if orphans.rows:
            render.table(COLUMNS, [row.to_dict() for row in orphans.rows], json=False)
        for line in orphans.lines() or ["no orphaned resources"]:
            render.narrate(line)
    if orphans.unexpected:
        raise typer.Exit(ExitCode.CHANGES_PENDING)
