"""`schema`: the JSON Schemas of stack files, printed, written, or compared with the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="foundation, services, project, shared or estate; all of them by default.",
        show_default=False,
    ),
]
Write = Annotated[bool, typer.Option("--write", help="Write stacks/_schema/ of the estate.")]
Check = Annotated[
    bool, typer.Option("--check", help="Fail if stacks/_schema/ is not what would be written.")
]


def schema(
    name: Name = None,
    write: Write = False,
    check: Check = False,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Print or write the JSON Schema of stack files, for editors; always JSON."""
    from stackyard.estate import schema as schemas

    names = [name] if name else list(schemas.NAMES)
    if not set(names) <= set(schemas.NAMES):
        hint = f"there are {', '.join(schemas.NAMES)}"
        raise StackyardError(f"no schema {name!r}", hint=hint, code=ExitCode.INVALID)
    if not (write or check):
        answers = {each: schemas.schema(each) for each in names}
        render.answer(answers[name] if name else answers, json=True)
        return
    files = _files(names, estate)
    stale = [str(path) for path, text in files.items() if not _holds(path, text)]
    if check and stale:
        hint = "run `stackyard schema --write` and commit the result"
        message = f"{len(stale)} of {len(files)} schemas are not up to date"
        raise StackyardError(message, hint=hint, details=stale, facts={"stale": stale})
    if write:
        _write(files)
    render.table(("file", "changed"), _rows(files, stale), json=json)


def _files(names: list[str], estate: Path | None) -> dict[Path, str]:
    from stackyard.estate import layout
    from stackyard.estate import schema as schemas
    from stackyard.estate.estate import Estate

    root = Estate.find(Path.cwd(), estate).root
    return {root / layout.SCHEMAS / f"{name}.json": schemas.text(name) for name in names}


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _write(files: dict[Path, str]) -> None:
    from stackyard_cli.files import write_whole

    for path, text in files.items():
        write_whole(path, text)


def _rows(files: dict[Path, str], stale: list[str]) -> list[dict[str, object]]:
    return [{"file": str(path), "changed": str(path) in stale} for path in files]
