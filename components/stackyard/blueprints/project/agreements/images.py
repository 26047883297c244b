"""Images: base images of models exist, repositories do not collide, and pushers are audiences."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.problem import Problem


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
    for who in config.images.pushers if config.images else ():
        if who not in config.access.audiences:
            message = f"`pushers` has `{who}`, which `access.audiences` lacks"
            yield Problem(("images", "pushers"), message, related=(("access", "audiences"),))
