"""The manifest of a training job: one text that every cluster takes unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard import kubernetes
from stackyard.contracts import GpuPoolFacts, ServicesContract
from stackyard.gpu.contract import gpu_request, placement
from stackyard.naming import StackId, namespace_name
from stackyard.onprem import contract
from stackyard.onprem.config import TrainingJobConfig
from stackyard.queueing import objects
from stackyard.templates import template
from stackyard.vault import mounts

TEMPLATES = Path(__file__).parent / "templates"

TRACKING = "tracking"
"""ConfigMap with the address of the tracking server; there on every cluster, where there is one."""


class PlacementError(Exception):
    """A job cannot run where somebody wants it to."""


def manifest(
    stack: StackId,
    name: str,
    job: TrainingJobConfig,
    *,
    services: ServicesContract,
    pool: GpuPoolFacts | None,
) -> str:
    """Return the Job as YAML, to be given to `kubectl create`; each time is a run of its own.

    Nothing in it says which cluster it is for: pods are told by ConfigMaps that both kinds have.
    Where the stage queues jobs, it waits in the namespace's queue until Kueue lets it start.
    Raises PlacementError for a pod that no node of the pool can hold.
    """
    if pool is not None and job.gpus > pool.gpus_per_node:
        raise PlacementError(
            f"`training.{name}.gpus` asks for {job.gpus}, and a node of `{job.gpu_pool}` has "
            f"{pool.gpus_per_node}"
        )
    where: dict[str, Any] = placement(pool) if pool is not None else {}
    return template(TEMPLATES, "job.yaml.j2").render(
        name=name,
        namespace=namespace_name(stack),
        labels=kubernetes.labels(stack, "training", job=name),
        queue={objects.LABEL: objects.QUEUE} if services.queueing else {},
        image=f"{services.registry}/{job.image}",
        job=job,
        limits={
            "cpu": str(job.cpu),
            "memory": job.memory,
            **(gpu_request(pool, job.gpus) if pool is not None else {}),
        },
        node_selector=where.get("nodeSelector"),
        tolerations=where.get("tolerations"),
        user=kubernetes.NOBODY,
        place=contract.PLACE,
        tracking=TRACKING,
        token_folder=contract.TOKEN_FOLDER,
        token_audience=contract.AUDIENCE,
        secret_mounts=mounts.volume_mounts(job.mounts),
        secret_volumes=mounts.volumes(job.mounts),
    )
