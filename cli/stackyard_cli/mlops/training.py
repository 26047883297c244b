"""Manifests of a project's training jobs, for the cloud cluster or an on-premises one."""

from __future__ import annotations

from pathlib import Path

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.wiring import training_manifest
from stackyard.contracts import GpuPoolFacts, ServicesContract
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard.onprem.config import TrainingJobConfig
from stackyard.onprem.job import PlacementError
from stackyard_cli.backend.contracts import contract_of
from stackyard_cli.backend.location import location_of_estate
from stackyard_cli.errors import ExitCode, StackyardError

ONPREM = "onprem"
"""`onprem` is the first registered on-premises cluster, `onprem:NAME` the one with that name."""


def job_manifest(
    stack: str, name: str, *, cluster: str | None, gpu_pool: str | None, estate_dir: Path | None
) -> str:
    """Return a job's manifest; by default for the cloud cluster and the job's own GPU pool.

    Raises StackyardError for an unknown job, cluster or pool, and for a job that cannot run there.
    """
    estate = Estate.find(Path.cwd(), estate_dir)
    chosen = estate.one(stack)
    job = _job(estate, chosen, name)
    _check_cluster(name, job.mounts, cluster)
    if gpu_pool is not None:
        job = job.model_copy(update={"gpu_pool": gpu_pool})
    location, upstreams = location_of_estate(estate), estate.upstreams(chosen)
    services = contract_of(location, ServicesContract, upstreams["services"])
    pool = _pool(job.gpu_pool, cluster, services)
    try:
        return training_manifest(chosen, name, job, services=services, pool=pool)
    except PlacementError as error:
        raise StackyardError(str(error), code=ExitCode.INVALID) from error


def _job(estate: Estate, stack: StackId, name: str) -> TrainingJobConfig:
    config = estate.load(stack).config
    jobs = config.training if isinstance(config, ProjectConfig) else {}
    if name not in jobs:
        raise StackyardError(
            f"{stack} has no training job {name!r}",
            hint=f"its section `training` has: {', '.join(sorted(jobs)) or 'none'}",
            code=ExitCode.INVALID,
        )
    return jobs[name]


def _check_cluster(job: str, secrets: list[str], cluster: str | None) -> None:
    """Refuse a wrong `--cluster`, and on premises a job that would wait for its secrets forever."""
    if cluster is None:
        return
    if cluster.partition(":")[0] != ONPREM:
        raise StackyardError(
            f"`--cluster` must be `onprem` or `onprem:NAME` (got {cluster!r})",
            hint="leave it out for the cloud cluster; `--gpu-pool` selects a GPU pool",
            code=ExitCode.INVALID,
        )
    if secrets:
        raise StackyardError(
            f"`training.{job}.mounts` has {', '.join(secrets)}, and pods on premises mount none",
            hint="run it in the cloud, or let its program read them from AWS",
            code=ExitCode.INVALID,
        )


def _pool(name: str | None, cluster: str | None, services: ServicesContract) -> GpuPoolFacts | None:
    """Return the GPU pool of a cluster, None for a job without GPUs."""
    if cluster is None:
        return _known_pool(name, services.gpu_pools, services.cluster_name)
    chosen = cluster.partition(":")[2] or next(iter(services.onprem), "")
    if chosen not in services.onprem:
        known = ", ".join(sorted(services.onprem)) or "none"
        raise StackyardError(
            f"no cluster {chosen or 'on premises'!r} is registered",
            hint=f"`onprem.clusters` of the services stack has: {known}",
            code=ExitCode.INVALID,
        )
    return _known_pool(name, services.onprem[chosen].gpu_pools, chosen)


def _known_pool(
    name: str | None, pools: dict[str, GpuPoolFacts], cluster: str
) -> GpuPoolFacts | None:
    if name is None:
        return None
    if name not in pools:
        raise StackyardError(
            f"{cluster} has no GPU pool {name!r}",
            hint=f"it has: {', '.join(sorted(pools)) or 'none'}",
            code=ExitCode.INVALID,
        )
    return pools[name]
