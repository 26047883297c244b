"""Config of on-premises clusters, and of training jobs that run on any cluster."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from stackyard.config import HTTPS_URL, MAY_REPEAT, Config, Name
from stackyard.image_name import Image
from stackyard.namespace.config import Memory
from stackyard.problem import Problem

LONGEST_ISSUER = 255
"""Maximum length of the URL of an identity provider. Source:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html."""

INTERNAL = (".internal", ".local", ".localhost", ".svc")
"""Ends of names that are not in the DNS of the internet: kubeadm's default issuer has one. Sources:
https://www.rfc-editor.org/rfc/rfc6762#appendix-G and
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/."""

KubeconfigPath = Annotated[str, Field(pattern=r"^(~/|/)[^\s]+$")]
"""Path of a kubeconfig, absolute or below the home directory; its content is never stored."""


class OnPremPoolConfig(Config):
    """On-premises GPU nodes, with the label and taint of a cloud pool of the same name.

    Label the nodes `stackyard.dev/gpu-pool=NAME` and taint them `nvidia.com/gpu=NAME:NoSchedule`.
    """

    gpus_per_node: Annotated[int, Field(ge=1, le=16)]
    """GPUs per node."""

    nodes: Annotated[int, Field(ge=1, le=1000)]
    """Number of nodes."""


class OnPremClusterConfig(Config):
    """One on-premises cluster."""

    kubeconfig: KubeconfigPath
    """Kubeconfig for those who apply stacks; its user should authenticate by `exec` plugin."""

    context: Annotated[str, Field(min_length=1)] | None = None
    """Context of the kubeconfig; by default its current context."""

    issuer: Annotated[str, Field(pattern=HTTPS_URL)]
    """Issuer URL of the cluster's service account tokens (`--service-account-issuer`); AWS reads
    the signing keys from it, on port 443. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html."""

    gpu_pools: dict[Name, OnPremPoolConfig] = {}
    """GPU nodes by pool name."""

    registered_by: Name | None = None
    """Stage that registers the cluster, where several stages of an account use it; by default this
    stage. Its services stack manages all that a cluster or an account has only once: the identity
    provider, priority classes and queues. The other fields are the same in all of them."""

    def problems(self) -> Iterator[Problem]:
        """Yield an issuer that IAM cannot have as an identity provider."""
        if len(self.issuer) > LONGEST_ISSUER:
            message = f"has {len(self.issuer)} characters, and IAM takes {LONGEST_ISSUER}"
            yield Problem(("issuer",), message)
        if ":" in urlsplit(self.issuer).netloc:
            yield Problem(
                ("issuer",),
                f"`issuer` has a port, which AWS does not allow (got {self.issuer!r})",
                "serve the issuer's keys on port 443 and omit the port",
            )
        if not _is_public(host := urlsplit(self.issuer).hostname or ""):
            message = f"AWS must read the issuer's keys, and {host} is no name of the internet"
            hint = "set `--service-account-issuer` to an address that serves them publicly"
            yield Problem(("issuer",), message, hint)


def _is_public(host: str) -> bool:
    """Return whether a host can be reached from the internet, as far as its name says."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(INTERNAL)


class OnPremConfig(Config):
    """The on-premises clusters of a stage."""

    clusters: dict[Name, OnPremClusterConfig] = {}
    """The clusters by name."""

    def problems(self) -> Iterator[Problem]:
        """Yield clusters that are the same: each stack would revert the other's objects."""
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
    """A training job; `stackyard train render` renders its manifest for any cluster."""

    image: Image
    """Image, in the registry of the stage."""

    command: Annotated[list[str], Field(min_length=1), MAY_REPEAT]
    """Command as a list of arguments, run without a shell."""

    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    """Number of GPUs."""

    gpu_pool: Name | None = None
    """GPU pool that it runs on; required with `gpus`."""

    efa: Annotated[int, Field(ge=0, le=32)] = 0
    """Number of Elastic Fabric Adapter interfaces, of a pool with `efa`; the image needs libfabric.
    A job with any runs on the cloud cluster only."""

    cpu: Annotated[int, Field(ge=1, le=192)] = 3
    """CPU cores; the default fits on a node with 4, beside what runs on every node."""

    memory: Memory = "12Gi"
    """Memory; the default fits on a node with 16Gi."""

    hours: Annotated[int, Field(ge=1, le=672)] = 24
    """Timeout in hours, at most 28 days; the job is stopped after it. Nodes are replaced after 30
    days, and a job must have its start and its end within the life of one."""

    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """Number of restarts of a failed pod, which should resume from its last checkpoint."""

    priority: Literal["training", "batch"] = "training"
    """Priority class; pods of all other classes preempt `batch`."""

    mounts: list[Name] = []
    """Secrets of `secrets.entries` to mount as files, `/mnt/secrets/NAME/value`; each must have
    `trainer` among its readers. A job with mounts runs on the cloud cluster only."""

    def problems(self) -> Iterator[Problem]:
        """Yield GPUs without a pool, and a pool without GPUs."""
        if self.gpus and self.gpu_pool is None:
            yield Problem(("gpus",), f"`gpus: {self.gpus}` needs `gpu_pool`")
        if self.gpu_pool is not None and not self.gpus:
            message = f"`gpu_pool: {self.gpu_pool}` without `gpus` would occupy a GPU node"
            yield Problem(("gpu_pool",), message, "write `gpus`, or no `gpu_pool`")
        if self.efa and self.gpu_pool is None:
            yield Problem(("efa",), f"`efa: {self.efa}` needs `gpu_pool`")
