"""What a project's file may name of its stage's foundation: checked between files, before any run.

A run checks it again on what is applied; here both are only written.
"""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.node import dotted
from stackyard.estate.pointing import pointed_at
from stackyard.gpu.config import GpuPoolConfig, TimeSlicingConfig
from stackyard.instances import INSTANCES, mig_model
from stackyard.naming import StackId

Problem = tuple[str, str]
"""A field's path, and what is wrong with it."""


def problems(loaded: Loaded, foundation: Loaded) -> list[StackFileError]:
    """Return what a project names and its foundation does not have, each at its place."""
    config, below = loaded.config, foundation.config
    if not isinstance(config, ProjectConfig) or not isinstance(below, FoundationConfig):
        return []
    found = [*_pools(config, below, foundation.id), *_bases(config, below, foundation.id)]
    return [_placed(loaded, *problem) for problem in found]


def _pools(config: ProjectConfig, below: FoundationConfig, stack: StackId) -> Iterator[Problem]:
    for place, pool in config.gpu_pools_named():
        if pool in below.cluster.node_pools:
            yield place, f"`{pool}` of {stack} is a pool without GPUs"
        elif pool not in below.gpu_pools:
            listed = ", ".join(below.gpu_pools) or "none"
            yield place, f"{stack} has no GPU pool `{pool}` (it has {listed})"
    for name, job in config.training.items():
        facts = below.gpu_pools.get(job.gpu_pool or "")
        if facts is not None and job.gpus > _most(facts):
            told = f"asks for {job.gpus}, and a node of `{job.gpu_pool}` gives a pod {_most(facts)}"
            yield f"training.{name}.gpus", told


def _most(pool: GpuPoolConfig) -> int:
    """Return how many GPUs, or slices of them, one pod can have; turns come one at a time."""
    if isinstance(pool.sharing, TimeSlicingConfig):
        return 1
    kind = pool.instance_types[0]
    model = mig_model(kind)
    slices = model.slices[pool.sharing.profile] if pool.sharing and model else 1
    return INSTANCES[kind].gpus * slices


def _bases(config: ProjectConfig, below: FoundationConfig, stack: StackId) -> Iterator[Problem]:
    known = below.base_images.images if below.base_images else {}
    for name, image in (config.images.images if config.images else {}).items():
        if image.base not in known:
            listed = ", ".join(known) or "none"
            told = f"{stack} has no base image `{image.base}` (it has {listed})"
            yield f"images.images.{name}.base", told


def _placed(loaded: Loaded, field: str, told: str) -> StackFileError:
    ((path, node),) = pointed_at(f"`{field}`", loaded.tree)[:1]
    return StackFileError(*node.place, dotted(path), told)
