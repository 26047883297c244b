"""`affected`: the stacks that a change in git touches, for people and for pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json

Base = Annotated[
    str, typer.Option("--base", metavar="REV", help="Branch or commit that would be merged into.")
]
Head = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="REV",
        help="The change; what is checked out by default.",
        show_default=False,
    ),
]


def affected(base: Base, head: Head = None, json: Json = False, estate: EstateDir = None) -> None:
    """List the stacks that a change touches, in dependency order; removed stacks in reverse."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops import affected as comparison

    root = Estate.find(Path.cwd(), estate).root
    found = comparison.affected(root, base, head)
    plain = found.to_dict()
    if json:
        render.answer(plain, json=True)
        return
    render.table(("stack", "operation", "change", "because"), plain["stacks"], json=False)
    render.narrate(f"{len(found.stacks)} touched since {found.base[:12]}")
