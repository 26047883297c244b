"""Checks between stacks: what a stack names of the stacks that it builds on must be there.

The deployment checks it again with the applied contract; these checks need the files only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from stackyard.blueprints.config import StackConfig
from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.project.mounting import mounts
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.estate import node_age, room
from stackyard.estate.endpoints import endpoint_problems
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.partial import is_doubtful, overlap
from stackyard.estate.positions import located
from stackyard.field_path import FieldPath
from stackyard.gpu.config import GpuPoolConfig, TimeSlicingConfig
from stackyard.gpu.contract import GpuContract
from stackyard.instances import EFA_INTERFACES, INSTANCES, mig_model
from stackyard.karpenter import versions
from stackyard.naming import StackId
from stackyard.problem import Problem
from stackyard.vault.mounts import ADDON


@dataclass(frozen=True)
class Stage:
    """The two stacks of a stage that others build on, as far as they are valid; None if not."""

    foundation: Loaded | None
    services: Loaded | None


def problems(loaded: Loaded, stage: Stage) -> list[StackFileError]:
    """Return a stack's references that its upstreams do not have, with their positions."""
    return [
        located(problem, loaded.tree)
        for problem in _problems(loaded.config, stage)
        if not is_doubtful(problem, (), loaded.left_out)
    ]


def _problems(config: StackConfig, stage: Stage) -> Iterator[Problem]:
    below, shared = stage.foundation, stage.services
    foundation, services = (one.config if one else None for one in (below, shared))
    if isinstance(config, ProjectSections):
        if below and isinstance(foundation, FoundationConfig):
            for check, used in OF_FOUNDATION.items():
                if _is_valid(below, used):
                    yield from check(config, foundation, below.id)
        if shared and isinstance(services, ServicesConfig) and _is_valid(shared, ONPREM):
            yield from _outside_address(config, services, shared.id)
        if shared and isinstance(services, ServicesConfig) and _is_valid(shared, POOLS):
            for of_pools in OF_POOLS:
                yield from of_pools(config, services, shared.id)
            yield from node_age.check(config, services, shared)
            if below and isinstance(foundation, FoundationConfig) and _is_valid(below, SYSTEM):
                system = foundation.cluster.system_nodes
                yield from room.check(config, system, services, shared.id)
    if isinstance(config, ServicesConfig) and below and isinstance(foundation, FoundationConfig):
        yield from _karpenter(config, foundation) if _is_valid(below, VERSION) else ()


def _is_valid(upstream: Loaded, used: Iterable[FieldPath]) -> bool:
    """Whether the fields that a check reads are valid: otherwise it says nothing of the project."""
    return not any(overlap(omitted, field) for omitted in upstream.left_out for field in used)


def _karpenter(config: ServicesConfig, upstream: FoundationConfig) -> Iterator[Problem]:
    image, version = config.images.karpenter, upstream.cluster.version
    if (reason := versions.problem(image, version)) is not None:
        hint = "https://karpenter.sh/docs/upgrading/compatibility/ has the table"
        yield Problem(("images", "karpenter"), reason, hint)


def _gpu_pools(
    config: ProjectSections, upstream: ServicesConfig, stack: StackId
) -> Iterator[Problem]:
    for path, pool in config.named_gpu_pools():
        if pool in upstream.node_pools:
            yield Problem(path, f"`{pool}` of {stack} is a pool without GPUs")
        elif pool not in upstream.gpu_pools:
            listed = ", ".join(upstream.gpu_pools) or "none"
            yield Problem(path, f"{stack} has no GPU pool `{pool}` (it has {listed})")


def _gpus_of_a_pod(
    config: ProjectSections, upstream: ServicesConfig, stack: StackId
) -> Iterator[Problem]:
    for name, job in config.training.items():
        pool = upstream.gpu_pools.get(job.gpu_pool or "")
        if pool is not None and job.gpus > (most := _most_gpus(pool)):
            yield Problem(
                ("training", name, "gpus"),
                f"asks for {job.gpus} GPUs, and a node of `{job.gpu_pool}` of {stack} gives a pod "
                f"at most {most}",
            )


def _efa(config: ProjectSections, upstream: ServicesConfig, stack: StackId) -> Iterator[Problem]:
    for name, job in config.training.items():
        pool = upstream.gpu_pools.get(job.gpu_pool or "")
        if pool is None or not job.efa:
            continue
        path = ("training", name, "efa")
        fit = [kind for kind in pool.types if INSTANCES[kind].gpus >= job.gpus]
        most = max((EFA_INTERFACES.get(kind, 0) for kind in fit), default=0)
        if not pool.efa:
            message = f"`{job.gpu_pool}` of {stack} offers no Elastic Fabric Adapter"
            yield Problem(path, message, "write `efa: true` for that pool, or leave `efa` out here")
        elif job.efa > most:
            message = (
                f"asks for {job.efa} interfaces with {job.gpus} GPUs, and a node of "
                f"`{job.gpu_pool}` of {stack} has at most {most}"
            )
            yield Problem(path, message, f"write at most {most}")


def _most_gpus(pool: GpuPoolConfig) -> int:
    """Return the most GPUs, or MIG slices, that one pod can have; only one of time slices."""
    if isinstance(pool.sharing, TimeSlicingConfig):
        return 1
    model = mig_model(pool.types[0])
    slices = model.slices[pool.sharing.profile] if pool.sharing and model else 1
    return max(INSTANCES[kind].gpus for kind in pool.types) * slices


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
    config: ProjectSections, upstream: ServicesConfig, stack: StackId
) -> Iterator[Problem]:
    """A quota above the pools promises GPUs that no node will have."""
    quota = config.namespace.quota.gpus
    capacity = sum(GpuContract(name, pool).max_gpus for name, pool in upstream.gpu_pools.items())
    if quota > capacity:
        message = f"`gpus` ({quota}) is above the {capacity} GPUs of all pools of {stack}"
        hint = f"write at most {capacity}, or raise `limits` of a pool"
        yield Problem(("namespace", "quota", "gpus"), message, hint)


def _database(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    if config.tracking is not None and upstream.database is None:
        message = f"`tracking` needs a database, and {stack} has none"
        yield Problem(("tracking",), message, f"write `database: {{}}` for {stack}")


def _shared_directories(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    if config.access.shared and "aws-efs-csi-driver" not in upstream.cluster.addons:
        message = f"{stack} lacks the add-on `aws-efs-csi-driver`, which mounts them"
        yield Problem(("access", "shared"), message)


def _mounted_secrets(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    for mount in mounts(config) if ADDON not in upstream.cluster.addons else ():
        message = f"{stack} lacks the add-on `{ADDON}`, which mounts secrets"
        yield Problem(mount.path, message, f"add it to `cluster.addons` of {stack}")


def _outside_address(
    config: ProjectSections, upstream: ServicesConfig, stack: StackId
) -> Iterator[Problem]:
    """Yield a tracking server that jobs on premises cannot reach."""
    if upstream.onprem.clusters and config.tracking and config.tracking.external_uri is None:
        listed = ", ".join(upstream.onprem.clusters)
        message = (
            f"jobs on {listed} of {stack} must reach it, and `tracking.external_uri` is missing"
        )
        hint = "put a private load balancer before the server and write its address there"
        yield Problem(("tracking",), message, hint)


OF_FOUNDATION: Mapping[
    Callable[[ProjectSections, FoundationConfig, StackId], Iterator[Problem]],
    tuple[FieldPath, ...],
] = {
    _base_images: (("base_images",),),
    _database: (("database",),),
    _shared_directories: (("cluster", "addons"),),
    _mounted_secrets: (("cluster", "addons"),),
    endpoint_problems: (("network",),),
}
"""All checks between a project and its stage's foundation, with what they read of it."""

OF_POOLS = (_gpu_pools, _gpus_of_a_pod, _efa, _gpu_quota)
"""All checks between a project and the pools of its stage's services."""

POOLS: tuple[FieldPath, ...] = (("gpu_pools",), ("node_pools",))
ONPREM: tuple[FieldPath, ...] = (("onprem",),)
SYSTEM: tuple[FieldPath, ...] = (("cluster", "system_nodes"),)
VERSION: tuple[FieldPath, ...] = (("cluster", "version"),)
"""The fields of services and of the foundation that the other checks read."""
