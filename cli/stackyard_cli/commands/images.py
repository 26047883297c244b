"""`images list|render|lock`: the container images of a stack, from its files alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Stack

if TYPE_CHECKING:
    from stackyard.estate.estate import Estate
    from stackyard.estate.loaded import Loaded
    from stackyard.images.plan import Planned

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write, `images` here.")]
BaseName = Annotated[str, typer.Argument(metavar="BASE", help="An entry of the catalogue.")]
Packages = Annotated[list[str], typer.Argument(metavar="PACKAGE...", help="As pip takes them.")]

COLUMNS = ("image", "on", "framework", "python", "cuda", "cudnn", "supported_until", "reference")


@app.command("list")
def list_images(stack: Stack, json: Json = False, estate: EstateDir = None) -> None:
    """List the images that a stack builds, and what is in them."""
    render.table(COLUMNS, [_row(image) for image in _planned(stack, estate)], json=json)


@app.command("catalogue")
def catalogue(json: Json = False) -> None:
    """List the base images that there are, and until when they are supported."""
    from stackyard.images.catalogue import BASES, DATE

    columns = ("base", "framework", "python", "cuda", "cudnn", "supported_until", "as_of", "source")
    rows = [{"as_of": str(DATE), "base": name, **_facts(base)} for name, base in BASES.items()]
    render.table(columns, rows, json=json)


@app.command("render")
def write(
    stack: Stack,
    directory: Directory = Path("images"),
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Write the Dockerfile and the lock of each image, as its build gets them."""
    written = []
    for image in _planned(stack, estate):
        for name, text in image.context.files.items():
            path = directory / image.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(str(path))
    render.answer({"written": written}, json=json, text="\n".join(written))


@app.command("lock")
def lock(base: BaseName, packages: Packages, json: Json = False) -> None:
    """Print `packages:` for a project's image: what comes on top of a base, with all hashes."""
    from stackyard.images.catalogue import BASES
    from stackyard.images.locking import LockError, locked

    if base not in BASES:
        hint = f"the catalogue has {', '.join(BASES)}"
        raise StackyardError(f"no base {base!r}", hint=hint, code=ExitCode.INVALID)
    try:
        found = locked(BASES[base], packages)
    except LockError as error:
        raise StackyardError(f"nothing was locked: {error}") from None
    lines = [f"  {name}: [{', '.join(map(repr, digests))}]" for name, digests in found.items()]
    text = "\n".join(["packages:", *lines]) if lines else "packages: {}  # the base has them all"
    render.answer({"packages": found}, json=json, text=text.replace("'", '"'))


def _planned(stack: str, directory: Path | None) -> list[Planned]:
    from stackyard.blueprints.foundation.config import FoundationConfig
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.estate.estate import Estate
    from stackyard.images.plan import base_images, project_images

    found = Estate.find(Path.cwd(), directory)
    loaded = found.load(found.one(stack))
    config = loaded.config
    if isinstance(config, FoundationConfig) and config.base_images:
        place = {"account": config.account, "region": config.region}
        return base_images(loaded.id, config.base_images, **place)
    if isinstance(config, ProjectConfig) and config.images:
        bases = _bases_below(found, loaded)
        missing = sorted({image.base for image in config.images.images.values()} - bases.keys())
        if missing:
            below = found.upstreams(loaded.id)["foundation"]
            hint = f"it has {', '.join(bases) or 'none'}"
            raise StackyardError(f"{below} has no base image `{missing[0]}`", hint=hint)
        place = {"account": config.account, "region": config.region}
        return project_images(loaded.id, config.images, bases, config.baked_models, **place)
    section = "base_images" if isinstance(config, FoundationConfig) else "images"
    raise StackyardError(
        f"{loaded.id} builds no images",
        hint=f"add `{section}:` to a project's or foundation's file",
    )


def _bases_below(estate: Estate, loaded: Loaded) -> dict[str, Planned]:
    below = estate.upstreams(loaded.id)["foundation"]
    if getattr(estate.load(below).config, "base_images", None) is None:
        return {}
    return {image.name: image for image in _planned(str(below), estate.root)}


def _row(image: Planned) -> dict[str, Any]:
    facts = _facts(image.base)
    return {"image": image.name, "on": image.base.name, **facts, "reference": image.reference}


def _facts(base: Any) -> dict[str, Any]:
    return {
        "framework": f"{base.framework} {base.framework_version}",
        "python": base.python,
        "cuda": base.cuda,
        "cudnn": base.cudnn,
        "supported_until": str(base.supported_until),
        "source": base.source,
    }
