"""Pods and nodes: each pod of a project fits on an empty node of its pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.cluster.config import SystemNodesConfig
from stackyard.field_path import FieldPath
from stackyard.instances import EFA_INTERFACES, INSTANCES
from stackyard.limits.nodes import Room, mib, room
from stackyard.naming import StackId
from stackyard.problem import Problem

Pod = tuple[FieldPath, float, str, str | None, tuple[int, int]]
"""Path of a pod's size, its cores, memory and GPU pool, its GPUs and its EFA interfaces."""


def check(
    config: ProjectSections, system: SystemNodesConfig, upstream: ServicesConfig, stack: StackId
) -> Iterator[Problem]:
    """Yield pods that no node of their pool can hold: they would be pending for ever."""
    for path, cpu, memory, pool, devices in _pods(config):
        rooms = _rooms(system, upstream, pool, devices)
        if not rooms or any(one.cpus >= cpu and one.memory_mib >= mib(memory) for one in rooms):
            continue
        largest = max(rooms, key=lambda one: (one.cpus, one.memory_mib))
        where = f"of `{pool}` of {stack}" if pool else f"without GPUs of {stack}"
        gives = (
            f"a node {where} ({largest.kind}) leaves a pod {largest.cpus:.1f} cores and "
            f"{largest.memory}, after what the system and its agents take"
        )
        hint = f"ask for at most {int(largest.cpus)} and {largest.memory}, or use a larger type"
        if cpu > largest.cpus:
            yield Problem((*path, "cpu"), f"`cpu` is {cpu:g}, and {gives}", hint)
        if mib(memory) > largest.memory_mib:
            yield Problem((*path, "memory"), f"`memory` is {memory}, and {gives}", hint)


def _pods(config: ProjectSections) -> Iterator[Pod]:
    for name, job in config.training.items():
        yield ("training", name), job.cpu, job.memory, job.gpu_pool, (job.gpus, job.efa)
    for name, server in (config.serving.models if config.serving else {}).items():
        yield ("serving", "models", name), server.cpu, server.memory, server.gpu_pool, (1, 0)
    if config.tracking is not None:
        # The server requests only a quarter of a core; `cpu` is its limit.
        yield ("tracking",), 0.25, config.tracking.memory, None, (0, 0)


def _rooms(
    system: SystemNodesConfig,
    upstream: ServicesConfig,
    pool: str | None,
    devices: tuple[int, int],
) -> Sequence[Room]:
    """Return the capacity for pods of each possible instance type; empty if one is unknown."""
    gpu_pool = upstream.gpu_pools.get(pool) if pool is not None else None
    if pool is not None:
        types = [kind for kind in (gpu_pool.types if gpu_pool else []) if kind in INSTANCES]
        kinds = [
            kind
            for kind in types
            if INSTANCES[kind].gpus >= devices[0] and EFA_INTERFACES.get(kind, 0) >= devices[1]
        ]
    else:
        pools = [pool.instance_types for pool in upstream.node_pools.values()]
        kinds = [kind for each in (system.instance_types, *pools) for kind in each]
    efa = gpu_pool is not None and gpu_pool.efa
    rooms = [room(kind, gpu=pool is not None, efa=efa) for kind in kinds]
    return [] if None in rooms else [one for one in rooms if one is not None]
