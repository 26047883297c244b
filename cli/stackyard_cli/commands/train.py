"""`train`: training jobs of a project, for whichever cluster they are to run on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stackyard_cli import render as printer
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Stack

if TYPE_CHECKING:
    from stackyard.contracts import FoundationContract, GpuPoolFacts, ServicesContract

ONPREM = "onprem"

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Training jobs."
)

Job = Annotated[str, typer.Argument(metavar="JOB", help="A job of the section `training`.")]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="POOL|onprem[:CLUSTER]",
        help="A GPU pool of the cloud, or a cluster on premises; the job's own pool by default.",
        show_default=False,
    ),
]


@app.callback()
def train() -> None:
    """Training jobs of a project."""


@app.command()
def render(stack: Stack, job: Job, on: On = None, estate: EstateDir = None) -> None:
    """Print the manifest of a job, for `kubectl create -f -` on the cluster it is meant for."""
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.contracts import FoundationContract, ServicesContract
    from stackyard.estate.estate import Estate
    from stackyard.onprem.job import PlacementError, manifest
    from stackyard_cli.backend.contracts import contract_of
    from stackyard_cli.backend.location import location_of_estate

    found = Estate.find(Path.cwd(), estate)
    chosen = found.one(stack)
    config = found.load(chosen).config
    jobs = config.training if isinstance(config, ProjectConfig) else {}
    if job not in jobs:
        known = ", ".join(sorted(jobs)) or "none"
        raise StackyardError(
            f"{chosen} has no training job {job!r}",
            hint=f"its section `training` has: {known}",
            code=ExitCode.INVALID,
        )
    _check_secrets(job, jobs[job].mounts, on)
    location, upstreams = location_of_estate(found), found.upstreams(chosen)
    foundation = contract_of(location, FoundationContract, upstreams["foundation"])
    services = contract_of(location, ServicesContract, upstreams["services"])
    wanted = jobs[job]
    pool = _pool(on, wanted.gpu_pool, foundation, services)
    if on is not None and not on.startswith(ONPREM):
        wanted = wanted.model_copy(update={"gpu_pool": on})
    try:
        text = manifest(chosen, job, wanted, services=services, pool=pool)
    except PlacementError as error:
        raise StackyardError(str(error), code=ExitCode.INVALID) from error
    printer.answer(text.rstrip(), json=False)


def _check_secrets(job: str, secrets: list[str], on: str | None) -> None:
    """Refuse a job on premises that would wait there for ever for its secrets."""
    if secrets and on is not None and on.startswith(ONPREM):
        raise StackyardError(
            f"`training.{job}.mounts` has {', '.join(secrets)}, and pods on premises mount none",
            hint="run it in the cloud, or let its program ask AWS for them",
            code=ExitCode.INVALID,
        )


def _pool(
    on: str | None,
    usual: str | None,
    foundation: FoundationContract,
    services: ServicesContract,
) -> GpuPoolFacts | None:
    """Return the pool that the job is to run on, None for a job without GPUs."""
    if on is None or not on.startswith(ONPREM):
        return _found(on or usual, foundation.gpu_pools, foundation.cluster_name)
    cluster = on.partition(":")[2] or next(iter(services.onprem), "")
    if cluster not in services.onprem:
        known = ", ".join(sorted(services.onprem)) or "none"
        raise StackyardError(
            f"no cluster {cluster or 'on premises'!r} is registered",
            hint=f"`onprem.clusters` of the services stack has: {known}",
            code=ExitCode.INVALID,
        )
    return _found(usual, services.onprem[cluster].gpu_pools, cluster)


def _found(pool: str | None, pools: dict[str, GpuPoolFacts], cluster: str) -> GpuPoolFacts | None:
    if pool is None:
        return None
    if pool not in pools:
        raise StackyardError(
            f"{cluster} has no GPU pool {pool!r}",
            hint=f"it has: {', '.join(sorted(pools)) or 'none'}",
            code=ExitCode.INVALID,
        )
    return pools[pool]
