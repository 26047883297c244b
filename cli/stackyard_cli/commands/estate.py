"""`init`, `new`, `list`, `show`, `validate`: an estate's files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json, Project, Selection, Stack

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")]
EstateName = Annotated[
    str | None,
    typer.Option("--name", help="Name of the estate; the folder's by default.", show_default=False),
]
Stage = Annotated[str, typer.Option("--stage", help="The stage, for example dev.")]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="Template of the file; for projects: minimal (default), vision or tabular.",
        show_default=False,
    ),
]
Origin = Annotated[bool, typer.Option("--origin", help="Show the file and line of each value.")]


def init(directory: Directory, name: EstateName = None, json: Json = False) -> None:
    """Create an estate from templates: stages, and the foundation and services stacks for dev."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.scaffold import new_estate
    from stackyard_cli.files import write_new
    from stackyard_cli.review.validity import validate as check

    texts = new_estate(directory, name)
    for file, text in texts.items():
        write_new(directory / file, text)
    check(Estate.find(Path.cwd(), directory), None)
    rows = [{"file": str(directory / file)} for file in sorted(texts)]
    render.table(("file",), rows, json=json)
    render.narrate(f"next: cd {directory} && stackyard new TEAM/PROJECT --stage dev")


def new(
    project: Project,
    stage: Stage,
    preset: Preset = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Create a commented stack file for a project in a stage; an existing file is kept."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.scaffold import new_stack
    from stackyard_cli.files import write_new

    stack, path, text = new_stack(Estate.find(Path.cwd(), estate_dir), project, stage, preset)
    write_new(path, text)
    render.answer({"stack": str(stack), "file": str(path)}, json=json, text=str(path))
    render.narrate(f"next: edit it, then `stackyard preview {stack}`")


def list_stacks(
    selection: Selection = None, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """List the stacks of the estate with their blueprint, owner and sections."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.listing import stack_row
    from stackyard_cli.estate_ops.selection import select

    estate = Estate.find(Path.cwd(), estate_dir)
    rows = [stack_row(estate, stack) for stack in select(estate, selection)]
    render.table(("stack", "blueprint", "owner", "sections", "valid"), rows, json=json)
    if not all(row["valid"] for row in rows):
        render.narrate("some stacks are not valid: `stackyard validate` shows why", "yellow")


def show(
    stack: Stack, origin: Origin = False, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """Show the effective config of a stack; with --origin, where each value was written."""
    import yaml

    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.listing import value_rows

    estate = Estate.find(Path.cwd(), estate_dir)
    loaded = estate.load(estate.one(stack))
    if origin:
        rows = value_rows(loaded, as_written=not json)
        render.table(("path", "value", "origin"), rows, json=json)
        return
    facts = {"stack": str(loaded.id), "blueprint": loaded.blueprint, "digest": loaded.digest}
    text = yaml.safe_dump(loaded.effective, sort_keys=False, allow_unicode=True).rstrip()
    render.answer({**facts, "config": loaded.effective}, json=json, text=text)


def validate(selection: Selection = None, json: Json = False, estate_dir: EstateDir = None) -> None:
    """Validate stack files; list all errors at once, with file, line and column."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.review.validity import validate as check

    count = check(Estate.find(Path.cwd(), estate_dir), selection)
    text = f"{count} stack is valid" if count == 1 else f"{count} stacks are valid"
    render.answer({"stacks": count, "problems": []}, json=json, text=text)
