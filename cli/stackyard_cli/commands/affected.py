"""`affected`: the stacks that a change in git affects, for people and for pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json

Base = Annotated[
    str, typer.Option("--base", metavar="REV", help="Target branch or commit of the merge.")
]
Head = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="REV",
        help="The changed branch or commit; the working tree by default.",
        show_default=False,
    ),
]


def affected(
    base: Base, head: Head = None, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """List the stacks that a change affects, in dependency order; removed stacks in reverse."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops import affected as comparison

    result = comparison.affected(Estate.find(Path.cwd(), estate_dir).root, base, head)
    answer = result.to_dict()
    columns = ("stack", "operation", "change", "because")
    render.table(columns, answer["stacks"], json=json, data=answer)
    render.narrate(f"{len(result.stacks)} affected since {result.base[:12]}")
