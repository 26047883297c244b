"""`models list|show|verify`: a project's model registry, and the lineage of its versions."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import StackyardError
from stackyard_cli.options import EstateDir, Json, Stack

Uri = Annotated[
    str | None,
    typer.Option(
        "--uri",
        envvar="MLFLOW_TRACKING_URI",
        metavar="URL",
        help="Address of the tracking server; by default the one in the stack's outputs.",
        show_default=False,
    ),
]
Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="NAME/VERSION, or NAME for all of its versions.")
]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List registered models, and verify their lineage.",
)

COLUMNS = ("model", "version", "aliases", "run", "created", "lacks")


@app.command("list")
def list_models(
    stack: Stack, uri: Uri = None, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """List the registered versions, newest first, and what their lineage lacks."""
    from stackyard_cli.mlops.registry import registry_of, row

    _, registry = registry_of(stack, uri, estate_dir)
    render.table(COLUMNS, [row(version) for version in registry.versions()], json=json)


@app.command()
def show(
    stack: Stack, model: Model, uri: Uri = None, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """Show the lineage, parameters and metrics of registered versions."""
    from stackyard_cli.mlops.registry import facts, registry_of, text

    _, registry = registry_of(stack, uri, estate_dir)
    name, _, number = model.partition("/")
    versions = [one for one in registry.versions(name) if number in ("", str(one["version"]))]
    if not versions:
        hint = f"`stackyard models list {stack}` lists the registered models"
        raise StackyardError(f"{stack}: no model {model!r} is registered", hint=hint)
    answer = [facts(version) for version in versions]
    rows = [
        {"model": f"{one['name']}/{one['version']}", "fact": key, "value": text(value)}
        for one in answer
        for key, value in one.items()
        if key not in ("name", "version")
    ]
    render.table(("model", "fact", "value"), rows, json=json, data=answer)


@app.command()
def verify(stack: Stack, uri: Uri = None, json: Json = False, estate_dir: EstateDir = None) -> None:
    """Verify that every version has its lineage, and that deployed versions are registered."""
    from stackyard_cli.mlops.registry import registry_of, verified

    rows = verified(*registry_of(stack, uri, estate_dir))
    message = f"{stack}: all {len(rows)} versions have their lineage"
    render.answer({"versions": rows}, json=json, text=message)
