"""`train`: a project's training jobs, for any cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render as printer
from stackyard_cli.options import EstateDir, Stack

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Training jobs."
)

Job = Annotated[str, typer.Argument(metavar="JOB", help="A job of the section `training`.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="onprem[:NAME]",
        help="`onprem:NAME`, or `onprem` for the first one; the cloud cluster by default.",
        show_default=False,
    ),
]
GpuPool = Annotated[
    str | None,
    typer.Option(
        "--gpu-pool",
        metavar="POOL",
        help="A GPU pool of that cluster; by default the one that the job names.",
        show_default=False,
    ),
]


@app.callback()
def train() -> None:
    """Training jobs of a project."""


@app.command()
def render(
    stack: Stack,
    job: Job,
    cluster: Cluster = None,
    gpu_pool: GpuPool = None,
    estate_dir: EstateDir = None,
) -> None:
    """Print the manifest of a job, for `kubectl create -f -` on its cluster."""
    from stackyard_cli.mlops.training import job_manifest

    text = job_manifest(stack, job, cluster=cluster, gpu_pool=gpu_pool, estate_dir=estate_dir)
    printer.answer(text.rstrip(), json=False)
