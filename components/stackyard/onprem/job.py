"""The manifest of a training job, the same for every cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard import kubernetes
from stackyard.gpu.contract import EFA, gpu_request, placement
from stackyard.naming import StackId, namespace_name
from stackyard.onprem import contract
from stackyard.onprem.config import TrainingJobConfig
from stackyard.queueing import objects
from stackyard.references import GpuPoolRef
from stackyard.templates import template
from stackyard.vault import mounts

TEMPLATES = Path(__file__).parent / "templates"

TRACKING = "tracking"
"""ConfigMap with the address of the tracking server, on every cluster of a project that has one."""


class PlacementError(Exception):
    """A job requests more than a node of its pool has."""


def manifest(
    stack: StackId,
    name: str,
    job: TrainingJobConfig,
    *,
    registry: str,
    queued: bool,
    pool: GpuPoolRef | None,
) -> str:
    """Return the Job as YAML for `kubectl create`; each use of it starts another run.

    `registry` is the registry host and path of the image; `queued` puts the Job into the
    namespace's Kueue queue. Pods read the name of their cluster from a ConfigMap, so one manifest
    works on all clusters. Raises PlacementError for a pod that is too large for every node of the
    pool.
    """
    if pool is not None and job.gpus > pool.gpus_per_node:
        raise PlacementError(
            f"`training.{name}.gpus` asks for {job.gpus}, and a node of `{job.gpu_pool}` has "
            f"{pool.gpus_per_node}"
        )
    if pool is not None and job.efa > pool.efa_per_node:
        raise PlacementError(
            f"`training.{name}.efa` asks for {job.efa}, and a node of `{job.gpu_pool}` offers "
            f"{pool.efa_per_node}"
        )
    where: dict[str, Any] = placement(pool) if pool is not None else {}
    return template(TEMPLATES, "job.yaml.j2").render(
        name=name,
        namespace=namespace_name(stack),
        labels=kubernetes.labels(stack, "training", job=name),
        queue={objects.LABEL: objects.QUEUE} if queued else {},
        image=f"{registry}/{job.image}",
        job=job,
        limits={
            "cpu": str(job.cpu),
            "memory": job.memory,
            **(gpu_request(pool, job.gpus) if pool is not None else {}),
            **({EFA: str(job.efa)} if job.efa else {}),
        },
        node_selector=where.get("nodeSelector"),
        tolerations=where.get("tolerations"),
        user=kubernetes.NOBODY,
        annotations=dict(kubernetes.UNDISTURBED),
        grace_seconds=kubernetes.JOB_GRACE_SECONDS,
        pod_failure_policy=dict(kubernetes.POD_FAILURE_POLICY),
        place=contract.LOCATION,
        tracking=TRACKING,
        token_folder=contract.TOKEN_FOLDER,
        token_audience=contract.AUDIENCE,
        secret_mounts=mounts.volume_mounts(job.mounts),
        secret_volumes=mounts.volumes(job.mounts),
    )
