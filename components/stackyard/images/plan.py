"""All images of a stack, from its files only: the output of `stackyard images`."""

from __future__ import annotations

from dataclasses import dataclass

from stackyard.images.catalogue import BASES, Base
from stackyard.images.config import BaseImagesConfig, ProjectImagesConfig
from stackyard.images.names import registry, repository_name
from stackyard.images.render import Context, base_context, model_context, project_context
from stackyard.naming import StackId


@dataclass(frozen=True)
class Planned:
    """One image."""

    name: str
    base: Base
    repository: str
    """Registry and name."""

    context: Context
    released: bool
    """Whether a release sets its tag; otherwise its files do."""

    @property
    def reference(self) -> str:
        """`repository:tag`; for a baked model, the tag is that of its release."""
        return self.repository if self.released else f"{self.repository}:{self.context.tag}"


def base_images(
    stack: StackId, config: BaseImagesConfig, *, account: str, region: str
) -> list[Planned]:
    """Return the base images of a stage."""
    host = registry(account, region)
    return [
        Planned(
            name,
            BASES[base.catalogue],
            f"{host}/{repository_name(stack, name)}",
            base_context(base, config.upstream or host),
            released=False,
        )
        for name, base in config.images.items()
    ]


def project_images(
    stack: StackId,
    config: ProjectImagesConfig,
    bases: dict[str, Planned],
    models: dict[str, str],
    *,
    account: str,
    region: str,
) -> list[Planned]:
    """Return the images of a project; `models` names the base image of each baked model.

    Raises KeyError for a base image that the stage does not have.
    """
    host = registry(account, region)
    made: dict[str, Planned] = {}
    for name, image_config in config.images.items():
        base = bases[image_config.base]
        context = project_context(name, image_config, stack, base.reference)
        repository = f"{host}/{repository_name(stack, name)}"
        made[name] = Planned(name, base.base, repository, context, released=False)
    baked = [
        Planned(
            model,
            made[image].base,
            f"{host}/{repository_name(stack, model)}",
            model_context(model, stack, made[image].reference),
            released=True,
        )
        for model, image in models.items()
    ]
    return [*made.values(), *baked]
