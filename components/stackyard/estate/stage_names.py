"""Names that contain the name of another stage: apply roles match roles of a stage by name.

An apply role may pass the roles `*-STAGE-*`. IAM cannot limit passing a role by the role's tags, so
only names decide: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stackyard.blueprints.config import StackConfig
from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.estate import layout
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.positions import located
from stackyard.field_path import FieldPath
from stackyard.naming import StackId
from stackyard.problem import Problem


def of_paths(stacks: Iterable[StackId]) -> Iterator[StackFileError]:
    """Yield each stack whose path would allow another stage to pass its roles."""
    known = list(stacks)
    yield from _of_one_name(known)
    stages = sorted({stack.stage for stack in known})
    for stack in known:
        for stage in stages:
            if stage != stack.stage and f"-{stage}-" in f"{stack.slug}-":
                problem = (
                    f"apply roles of the stage `{stage}` could change its roles `{stack.slug}-…`"
                )
                hint = (
                    f"rename it, so that `{stack.slug}` does not contain `{stage}` between hyphens"
                )
                yield StackFileError(layout.file_of(stack), 0, 0, "", problem, hint=hint)


def _of_one_name(stacks: Iterable[StackId]) -> Iterator[StackFileError]:
    """Yield each stack whose path gives the same names as that of another one."""
    first: dict[str, StackId] = {}
    for stack in stacks:
        other = first.setdefault(stack.slug, stack)
        if other != stack:
            problem = f"its names would be those of {other}: both are `{stack.slug}`"
            yield StackFileError(layout.file_of(stack), 1, 1, "", problem, hint="rename one")


def of_roles(loaded: Loaded, stages: Iterable[str]) -> Iterator[StackFileError]:
    """Yield each name in a config that is part of a role name and contains another stage."""
    for path, name in _parts(loaded.config):
        for stage in sorted({*stages} - {loaded.id.stage}):
            if f"-{stage}-" in f"-{name}":
                problem = f"apply roles of the stage `{stage}` could change a role with this name"
                hint = f"choose a name that does not contain `{stage}-`"
                yield located(Problem(path, problem, hint), loaded.tree)


def _parts(config: StackConfig) -> Iterator[tuple[FieldPath, str]]:
    """Yield the names in the config that become parts of IAM role names."""
    if isinstance(config, FoundationConfig) and config.base_images:
        for name in config.base_images.images:
            yield ("base_images", "images", name), name
    if isinstance(config, ProjectSections) and config.images:
        for name in config.images.images:
            yield ("images", "images", name), name
    if isinstance(config, ServicesConfig) and config.onprem:
        for name in config.onprem.clusters:
            yield ("onprem", "clusters", name), name
