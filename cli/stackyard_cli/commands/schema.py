"""`schema`: the JSON Schemas of stack files, printed, written, or compared with the files."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="foundation, services, project, shared or estate; all of them by default.",
        show_default=False,
    ),
]
Write = Annotated[bool, typer.Option("--write", help="Write the files of stacks/_schema/.")]
Check = Annotated[
    bool, typer.Option("--check", help="Fail if a file of stacks/_schema/ is not up to date.")
]


def schema(
    name: Name = None,
    write: Write = False,
    check: Check = False,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Print or write the JSON Schema of stack files, for editors; always JSON."""
    from stackyard_cli.estate_ops import schemas
    from stackyard_cli.files import write_whole

    if not (write or check):
        render.answer(schemas.answer(name), json=True)
        return
    files = schemas.files(name, estate_dir)
    stale = schemas.outdated(files)
    if check:
        schemas.refuse_outdated(stale, len(files))
    for path, text in files.items() if write else ():
        write_whole(path, text)
    rows = [{"file": str(path), "changed": str(path) in stale} for path in files]
    render.table(("file", "changed"), rows, json=json)
