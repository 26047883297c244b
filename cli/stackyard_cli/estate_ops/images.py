"""The container images that a stack builds, from its files only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.images.catalogue import BASES, DATE
from stackyard.images.locking import LockError, locked
from stackyard.images.plan import Planned, base_images, project_images
from stackyard_cli.errors import ExitCode, StackyardError


def planned(stack: str, estate_dir: Path | None) -> list[Planned]:
    """Return the images of a stack; raises StackyardError if it builds none."""
    estate = Estate.find(Path.cwd(), estate_dir)
    return _planned(estate, estate.load(estate.one(stack)))


def _planned(estate: Estate, loaded: Loaded) -> list[Planned]:
    config = loaded.config
    target = {"account": config.account, "region": config.region}
    if isinstance(config, FoundationConfig) and config.base_images:
        return base_images(loaded.id, config.base_images, **target)
    if isinstance(config, ProjectConfig) and config.images:
        bases = _bases_of(estate, loaded)
        missing = sorted({image.base for image in config.images.images.values()} - bases.keys())
        if missing:
            foundation = estate.upstreams(loaded.id)["foundation"]
            hint = f"it has {', '.join(bases) or 'none'}"
            raise StackyardError(f"{foundation} has no base image `{missing[0]}`", hint=hint)
        return project_images(loaded.id, config.images, bases, config.baked_models, **target)
    section = "base_images" if isinstance(config, FoundationConfig) else "images"
    raise StackyardError(
        f"{loaded.id} builds no images",
        hint=f"add `{section}:` to a project's or foundation's file",
    )


def _bases_of(estate: Estate, loaded: Loaded) -> dict[str, Planned]:
    """Return the base images of a project's foundation, by name."""
    foundation = estate.load(estate.upstreams(loaded.id)["foundation"])
    if getattr(foundation.config, "base_images", None) is None:
        return {}
    return {image.name: image for image in _planned(estate, foundation)}


def written(images: list[Planned], directory: Path) -> list[str]:
    """Write the build context of each image to a folder with its name; return the paths."""
    paths = []
    for image in images:
        for name, text in image.context.files.items():
            path = directory / image.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
    return paths


def packages(base: str, requirements: list[str]) -> dict[str, list[str]]:
    """Return the locked packages to add to a catalogue entry, each with all its hashes."""
    if base not in BASES:
        hint = f"the catalogue has {', '.join(BASES)}"
        raise StackyardError(f"no base {base!r}", hint=hint, code=ExitCode.INVALID)
    try:
        return locked(BASES[base], requirements)
    except LockError as error:
        raise StackyardError(f"nothing was locked: {error}") from None


def section(resolved: dict[str, list[str]]) -> str:
    """Return locked packages as the YAML section `packages` of an image."""
    lines = [f"  {name}: [{', '.join(map(repr, digests))}]" for name, digests in resolved.items()]
    text = "\n".join(["packages:", *lines]) if lines else "packages: {}  # the base has them all"
    return text.replace("'", '"')


def row(image: Planned) -> dict[str, Any]:
    """Return an image as a row."""
    facts = _facts(image.base)
    return {"image": image.name, "base": image.base.name, **facts, "reference": image.reference}


def catalogue() -> list[dict[str, Any]]:
    """Return the base images of the catalogue as rows."""
    return [{"as_of": str(DATE), "base": name, **_facts(base)} for name, base in BASES.items()]


def _facts(base: Any) -> dict[str, Any]:
    return {
        "framework": f"{base.framework} {base.framework_version}",
        "python": base.python,
        "cuda": base.cuda,
        "cudnn": base.cudnn,
        "supported_until": str(base.supported_until),
        "source": base.source,
    }
