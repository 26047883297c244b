"""Pods and nodes: each pod of a project fits on an empty node of its pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.cluster.config import SystemNodesConfig
from stackyard.field_path import FieldPath
from stackyard.instances import INSTANCES
from stackyard.limits.nodes import Room, mib, room
from stackyard.naming import StackId
from stackyard.problem import Problem

Pod = tuple[FieldPath, float, str, str | None, int]
"""Path of a pod's size, its cores, its memory, its GPU pool and its GPUs."""


def check(
    config: ProjectSections, system: SystemNodesConfig, upstream: ServicesConfig, stack: StackId
) -> Iterator[Problem]:
    """Yield pods that no node of their pool can hold: they would be pending for ever."""
    for path, cpu, memory, pool, gpus in _pods(config):
        rooms = _rooms(system, upstream, pool, gpus)
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
        yield ("training", name), job.cpu, job.memory, job.gpu_pool, job.gpus
    for name, server in (config.serving.models if config.serving else {}).items():
        yield ("serving", "models", name), server.cpu, server.memory, server.gpu_pool, 1
    if config.tracking is not None:
        # The server requests only a quarter of a core; `cpu` is its limit.
        yield ("tracking",), 0.25, config.tracking.memory, None, 0


def _rooms(
    system: SystemNodesConfig, upstream: ServicesConfig, pool: str | None, gpus: int
) -> Sequence[Room]:
    """Return the capacity for pods of each possible instance type; empty if one is unknown."""
    if pool is not None:
        gpu_pool = upstream.gpu_pools.get(pool)
        types = gpu_pool.types if gpu_pool else []
        kinds = [kind for kind in types if kind in INSTANCES and INSTANCES[kind].gpus >= gpus]
    else:
        pools = [pool.instance_types for pool in upstream.node_pools.values()]
        kinds = [kind for each in (system.instance_types, *pools) for kind in each]
    rooms = [room(kind, gpu=pool is not None) for kind in kinds]
    return [] if None in rooms else [one for one in rooms if one is not None]
