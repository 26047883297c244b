"""Images: base images of models exist, repositories do not collide, and pushers are audiences."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.config import signing_problems
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.images.config import ProjectImagesConfig
from stackyard.images.render import BUILDSPEC_LIMIT, buildspec, project_context
from stackyard.naming import StackId
from stackyard.problem import Problem

LONGEST = "x" * 32
"""Stands for each part of a path, which the rendered files name: the longest decides."""


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield base images that are missing, names used twice, and pushers without a role."""
    images = config.images.images if config.images else {}
    for model, image in config.baked_models.items():
        path = ("serving", "models", model)
        if image not in images:
            message = f"`base_image` is `{image}`, which `images.images` lacks"
            yield Problem((*path, "base_image"), message, related=(("images", "images"),))
        if model in images:
            yield Problem(
                ("images", "images", model),
                f"`{model}` is also a served model with `base_image`, and both need a repository",
                "rename one of them",
                related=(path,),
            )
    yield from _too_long(config)
    if config.images is not None:
        yield from signing_problems(("images",), config)
    for who in config.images.pushers if config.images else ():
        if who not in config.access.audiences:
            message = f"`pushers` has `{who}`, which `access.audiences` lacks"
            yield Problem(("images", "pushers"), message, related=(("access", "audiences"),))


def _too_long(config: ProjectSections) -> Iterator[Problem]:
    """Yield packages whose lock does not fit into the project of their build."""
    for name, image in (config.images.images if config.images else {}).items():
        length = _buildspec_length(config.images, name) if config.images else 0
        if length > BUILDSPEC_LIMIT:
            yield Problem(
                ("images", "images", name, "packages"),
                f"`packages` ({len(image.packages)}) make a buildspec of {length} characters, and "
                f"CodeBuild takes {BUILDSPEC_LIMIT}",
                "keep the digests of files for Linux on x86-64, or build a base image with them",
            )


def _buildspec_length(config: ProjectImagesConfig, name: str) -> int:
    stack = StackId(LONGEST, LONGEST, LONGEST)
    base = f"123456789012.dkr.ecr.ap-southeast-1.amazonaws.com/{stack}/{LONGEST}:{LONGEST}"
    context = project_context(name, config.images[name], stack, base)
    return len(buildspec(context, signer_package=config.build.signer_package, prepare=[]))
