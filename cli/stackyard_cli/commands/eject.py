"""`eject`: writes a stack as a plain Pulumi project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json, Stack

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")]


def eject(stack: Stack, folder: Folder, json: Json = False, estate_dir: EstateDir = None) -> None:
    """Write a stack as a plain Pulumi project with the same resources and the same state."""
    from stackyard_cli.estate_ops.eject import ejected

    written = ejected(stack, folder, estate_dir)
    render.answer({"written": written}, json=json, text="\n".join(written))
