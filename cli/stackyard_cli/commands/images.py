"""`images`: the container images of a stack, from its files only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json, Stack

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List the images of a stack, render their Dockerfiles, lock their packages.",
)

Directory = Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder for the build contexts.")]
BaseName = Annotated[
    str, typer.Argument(metavar="BASE", help="A base image of `stackyard images catalogue`.")
]
Requirements = Annotated[
    list[str],
    typer.Argument(
        metavar="PACKAGE...", help="pip requirement specifiers, for example `lightning==2.5`."
    ),
]

COLUMNS = ("image", "base", "framework", "python", "cuda", "cudnn", "supported_until", "reference")
BASE_COLUMNS = (
    "base",
    "framework",
    "python",
    "cuda",
    "cudnn",
    "supported_until",
    "as_of",
    "source",
)


@app.command("list")
def list_images(stack: Stack, json: Json = False, estate_dir: EstateDir = None) -> None:
    """List the images that a stack builds, with their framework, CUDA and support dates."""
    from stackyard_cli.estate_ops import images

    rows = [images.row(image) for image in images.planned(stack, estate_dir)]
    render.table(COLUMNS, rows, json=json)


@app.command("catalogue")
def catalogue(json: Json = False) -> None:
    """List the available base images, with the end of their support."""
    from stackyard_cli.estate_ops import images

    render.table(BASE_COLUMNS, images.catalogue(), json=json)


@app.command("render")
def write(
    stack: Stack,
    directory: Directory = Path("images"),
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Write the Dockerfile and the lock file of each image, as its build receives them."""
    from stackyard_cli.estate_ops import images

    paths = images.written(images.planned(stack, estate_dir), directory)
    render.answer({"written": paths}, json=json, text="\n".join(paths))


@app.command("lock")
def lock(base: BaseName, packages: Requirements, json: Json = False) -> None:
    """Print the section `packages:` of an image: packages that its base lacks, with hashes."""
    from stackyard_cli.estate_ops import images

    resolved = images.packages(base, packages)
    render.answer({"packages": resolved}, json=json, text=images.section(resolved))
