"""What a person may write about clusters on premises, and about jobs that run on any cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config, Name
from stackyard.image_name import Image
from stackyard.namespace.config import Memory
from stackyard.problem import Problem

KubeconfigPath = Annotated[str, Field(pattern=r"^(~/|/)[^\s]+$")]
"""Path of a kubeconfig, absolute or below the home directory; its text is never in a stack file."""


class OnPremPoolConfig(Config):
    """GPU nodes on premises; they carry the label and taint of a cloud pool of this name.

    Label the nodes `stackyard.dev/gpu-pool=NAME` and taint them `nvidia.com/gpu=NAME:NoSchedule`.
    """

    gpus_per_node: Annotated[int, Field(ge=1, le=16)]
    """GPUs of one node."""

    nodes: Annotated[int, Field(ge=1, le=1000)]
    """Nodes."""


class OnPremClusterConfig(Config):
    """One cluster on premises."""

    kubeconfig: KubeconfigPath
    """How those who apply stacks reach it; the user in it should sign in by a program (`exec`)."""

    context: Annotated[str, Field(min_length=1)] | None = None
    """Context of the kubeconfig; its current one if left out."""

    issuer: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:\d+)?(/[\w./-]*\w)?$")]
    """Issuer of the cluster's service account tokens, as in `--service-account-issuer`. AWS reads
    its keys there. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html."""

    gpu_pools: dict[Name, OnPremPoolConfig] = {}
    """Its GPU nodes by pool."""


class OnPremConfig(Config):
    """The clusters that a stage has beside its own in the cloud."""

    clusters: dict[Name, OnPremClusterConfig] = {}
    """The clusters by name."""

    def problems(self) -> Iterator[Problem]:
        """Yield clusters that are one and the same: each stack would undo the other's objects."""
        seen: dict[tuple[str, str | None], str] = {}
        for name, cluster in self.clusters.items():
            other = seen.setdefault((cluster.kubeconfig, cluster.context), name)
            if other != name:
                yield Problem(
                    ("clusters", name),
                    f"`{name}` has the same `kubeconfig` and `context` as `{other}`",
                    "name another context, or remove one of them",
                    related=(("clusters", other),),
                )


class TrainingJobConfig(Config):
    """A training job: `stackyard train render` makes its manifest for any cluster."""

    image: Image
    """The image, in the registry of the stage."""

    command: Annotated[list[str], Field(min_length=1)]
    """What runs, as a list of words; no shell is put around it."""

    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    """GPUs of the job's pod."""

    gpu_pool: Name | None = None
    """The pool that it usually runs on; needed with `gpus`."""

    cpu: Annotated[int, Field(ge=1, le=192)] = 4
    """CPU cores."""

    memory: Memory = "16Gi"
    """Memory."""

    hours: Annotated[int, Field(ge=1, le=720)] = 24
    """After so many hours the job is stopped, whatever it does."""

    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a failed pod is started again; it should go on at its last checkpoint."""

    priority: Literal["training", "batch"] = "training"
    """`batch` yields to everything else."""

    mounts: list[Name] = []
    """Secrets of `secrets.entries` that the pod finds as files, `/mnt/secrets/NAME/value`; each
    must have `trainer` among its readers. Such a job runs in the cloud only."""

    def problems(self) -> Iterator[Problem]:
        """Yield GPUs without a pool, and a pool without GPUs."""
        if self.gpus and self.gpu_pool is None:
            yield Problem(("gpus",), f"`gpus: {self.gpus}` needs `gpu_pool`")
        if self.gpu_pool is not None and not self.gpus:
            message = f"`gpu_pool: {self.gpu_pool}` without `gpus` would occupy a GPU node"
            yield Problem(("gpu_pool",), message, "write `gpus`, or no `gpu_pool`")
