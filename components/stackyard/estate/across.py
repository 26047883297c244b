"""Checks between stacks: the foundation must have everything that a project refers to.

The deployment checks it again with the applied contract; these checks need the files only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.estate import room
from stackyard.estate.endpoints import endpoint_problems
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.partial import is_doubtful, overlap
from stackyard.estate.positions import located
from stackyard.field_path import FieldPath
from stackyard.gpu.config import GpuPoolConfig, TimeSlicingConfig
from stackyard.instances import INSTANCES, mig_model
from stackyard.naming import StackId
from stackyard.problem import Problem


def problems(loaded: Loaded, foundation: Loaded) -> list[StackFileError]:
    """Return a project's references that its foundation does not have, with their positions."""
    config, upstream = loaded.config, foundation.config
    if not isinstance(config, ProjectSections) or not isinstance(upstream, FoundationConfig):
        return []
    return [
        located(problem, loaded.tree)
        for check, used in CHECKS.items()
        if not any(overlap(gone, field) for gone in foundation.left_out for field in used)
        for problem in check(config, upstream, foundation.id)
        if not is_doubtful(problem, (), loaded.left_out)
    ]


def _gpu_pools(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    for path, pool in config.named_gpu_pools():
        if pool in upstream.cluster.node_pools:
            yield Problem(path, f"`{pool}` of {stack} is a pool without GPUs")
        elif pool not in upstream.gpu_pools:
            listed = ", ".join(upstream.gpu_pools) or "none"
            yield Problem(path, f"{stack} has no GPU pool `{pool}` (it has {listed})")


def _gpus_of_a_pod(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    for name, job in config.training.items():
        pool = upstream.gpu_pools.get(job.gpu_pool or "")
        if pool is not None and job.gpus > (most := _most_gpus(pool)):
            yield Problem(
                ("training", name, "gpus"),
                f"asks for {job.gpus} GPUs, and a node of `{job.gpu_pool}` of {stack} gives a pod "
                f"at most {most}",
            )


def _most_gpus(pool: GpuPoolConfig) -> int:
    """Return the most GPUs, or MIG slices, that one pod can have; only one of time slices."""
    if isinstance(pool.sharing, TimeSlicingConfig):
        return 1
    kind = pool.instance_types[0]
    model = mig_model(kind)
    slices = model.slices[pool.sharing.profile] if pool.sharing and model else 1
    return INSTANCES[kind].gpus * slices


def _base_images(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    known = upstream.base_images.images if upstream.base_images else {}
    for name, image in (config.images.images if config.images else {}).items():
        if image.base not in known:
            listed = ", ".join(known) or "none"
            yield Problem(
                ("images", "images", name, "base"),
                f"{stack} has no base image `{image.base}` (it has {listed})",
            )


def _gpu_quota(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    """A quota above the pools promises GPUs that no node will have."""
    quota = config.namespace.quota.gpus
    held = sum(
        INSTANCES[pool.instance_types[0]].gpus * pool.max for pool in upstream.gpu_pools.values()
    )
    if quota > held:
        message = f"`gpus` ({quota}) is above the {held} GPUs of all pools of {stack}"
        hint = f"write at most {held}, or raise `max` of a pool"
        yield Problem(("namespace", "quota", "gpus"), message, hint)


def _database(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    if config.tracking is not None and upstream.database is None:
        message = f"`tracking` needs a database, and {stack} has none"
        yield Problem(("tracking",), message, f"write `database: {{}}` for {stack}")


Check = Callable[[ProjectSections, FoundationConfig, StackId], Iterator[Problem]]

POOLS: tuple[FieldPath, ...] = (
    ("gpu_pools",),
    ("cluster", "node_pools"),
    ("cluster", "system_nodes"),
)

CHECKS: Mapping[Check, tuple[FieldPath, ...]] = {
    _gpu_pools: POOLS,
    _gpus_of_a_pod: POOLS,
    _gpu_quota: POOLS,
    _base_images: (("base_images",),),
    _database: (("database",),),
    room.check: POOLS,
    endpoint_problems: (("network",),),
}
"""All checks between a project and its stage's foundation, with what they read of it: a check of
what is wrong there itself says nothing of the project."""
