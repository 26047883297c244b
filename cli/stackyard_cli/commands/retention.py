"""`retention`: the retention of each class of a project's data, in days or on a date."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json, Stack

On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="YYYY-MM-DD",
        help="For a date: objects uploaded before which day are in cold storage, expired, or "
        "permanently deleted.",
        show_default=False,
    ),
]


def retention(
    stack: Stack, on: On = None, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """Show after how many days each class of data is transitioned, expired and erased.

    Days count from the upload; for old versions, from the day they were replaced or deleted. With
    --on, each column is an upload date (UTC): older objects have reached that state.
    """
    from stackyard_cli.estate_ops import retention as periods
    from stackyard_cli.estate_ops.projects import project

    rows = periods.rows(*project(stack, estate_dir), on)
    render.table(list(rows[0]), rows, json=json)
