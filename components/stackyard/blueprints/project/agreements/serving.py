"""Serving: models are in the registry, each has a release, and the quota is large enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.limits.nodes import mib
from stackyard.problem import Problem


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield served models without a registry, and models without a release."""
    if config.serving is None:
        return
    if config.models is None:
        message = "`serving` releases versions of the model registry, so it needs `models`"
        yield Problem(("serving",), message, "write `models: {}`")
        return
    released = config.pipeline.deploy if config.pipeline else None
    for name, server in config.serving.models.items():
        if server.release is None and name != released:
            yield Problem(
                ("serving", "models", name),
                f"`{name}` has no `release`, and no pipeline releases it",
                "write `release`, or name the model in `pipeline.deploy`",
            )
    yield from _quota(config)


@dataclass(frozen=True)
class Busy:
    """Sum of the requests of pods that always run."""

    cpu: int = 0
    memory_mib: int = 0
    gpus: int = 0
    pods: int = 0


def always_running(config: ProjectSections) -> Busy:
    """Return the requests of a project's servers at their minimum number of pods.

    Stackyard's own small programs are omitted; they need less than one core.
    """
    tracking = config.tracking
    pods = tracking.replicas if tracking else 0
    cpu = tracking.cpu * pods if tracking else 0
    memory = mib(tracking.memory) * pods if tracking else 0
    gpus, running = 0, pods
    for server in (config.serving.models if config.serving else {}).values():
        pods = server.replicas.min
        cpu += server.cpu * pods
        memory += mib(server.memory) * pods
        gpus += pods if server.gpu_pool else 0
        running += pods
    return Busy(cpu, memory, gpus, running)


def _quota(config: ProjectSections) -> Iterator[Problem]:
    """Yield a quota that is too small for the minimum pods of all servers and one more.

    A Deployment starts a pod of the new version before it stops one of the old; if pods have GPUs,
    it stops one first.
    """
    models = config.serving.models if config.serving else {}
    quota, busy = config.namespace.quota, always_running(config)
    on_gpus = [name for name, server in models.items() if server.gpu_pool]
    if busy.gpus > quota.gpus:
        yield Problem(
            ("serving", "models", on_gpus[0], "replicas", "min"),
            f"servers have {busy.gpus} GPUs at their minimum number of pods, above "
            f"`namespace.quota.gpus` ({quota.gpus})",
            related=(("namespace", "quota", "gpus"),),
        )
    cpu = busy.cpu + max(server.cpu for server in models.values())
    memory = busy.memory_mib + max(mib(server.memory) for server in models.values())
    demands = {
        "cpu": (cpu, quota.cpu, str(cpu)),
        "memory": (memory, mib(quota.memory), f"{memory}Mi"),
        "pods": (busy.pods + 1, quota.pods, str(busy.pods + 1)),
    }
    for resource, (needed, limit, text) in demands.items():
        if needed > limit:
            yield Problem(
                ("namespace", "quota", resource),
                f"`{resource}` ({getattr(quota, resource)}) is below {text}, which servers need "
                "with their minimum number of pods and one more to roll out a version",
                related=(("serving", "models"), ("tracking",)),
            )
