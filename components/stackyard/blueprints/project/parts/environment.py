"""The environment of a project: its config, and the contracts of its upstream stacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.wiring import cluster_ref, pool_refs, stack_context
from stackyard.contracts import ContractError, FoundationContract, ServicesContract
from stackyard.gpu.contract import RESOURCE
from stackyard.naming import StackId
from stackyard.references import ClusterApiRef, GpuPoolRef, StackContext


@dataclass(frozen=True)
class ProjectWiring:
    """Outputs of the project's first components, which are inputs of its other parts."""

    namespace: pulumi.Input[str]
    """The namespace in the cloud; known once pods may start in it."""

    datasets: Mapping[str, pulumi.Input[str]]
    """Bucket by dataset."""

    log_bucket: pulumi.Input[str]
    """The bucket that receives the access logs of other buckets."""

    role_arns: Mapping[str, pulumi.Input[str]]
    """IAM role by audience and workload."""

    opts: pulumi.ResourceOptions
    """The providers of AWS and of the cloud's cluster, and the run's settings."""


@dataclass(frozen=True)
class ProjectEnvironment:
    """Inputs of all parts of the project program; they do not change during a run."""

    stack: StackId
    config: ProjectConfig
    upstreams: Mapping[str, StackId]
    """The stack behind each of the two contracts, by blueprint."""

    foundation: FoundationContract
    services: ServicesContract

    @property
    def context(self) -> StackContext:
        """Identity, account, keys and retention."""
        return stack_context(self.stack, self.config, self.foundation.key_arns)

    @property
    def cluster(self) -> ClusterApiRef:
        """The stage's cluster."""
        return cluster_ref(self.foundation)

    @property
    def pools(self) -> dict[str, GpuPoolRef]:
        """The stage's GPU pools by name."""
        return pool_refs(self.services.gpu_pools)

    @property
    def gpu_resources(self) -> list[str]:
        """The extended resources that quotas limit, on every cluster."""
        return sorted({RESOURCE, *(pool.resource for pool in self.pools.values())})

    @property
    def queued(self) -> bool:
        """Whether jobs queue for GPUs."""
        return self.services.queueing is not None

    def check_gpu_quota(self) -> None:
        """Raise ContractError for a GPU quota above the pools: its last pods could never start."""
        quota = self.config.namespace.quota.gpus
        capacity = sum(pool.max_gpus for pool in self.pools.values())
        if quota > capacity:
            raise self.mismatch(
                f"its pools hold {capacity} GPUs at most, and `namespace.quota.gpus` of "
                f"{self.stack} asks for {quota}",
                "lower the quota, or raise `limits` of a pool and run `stackyard up {}`",
                upstream="services",
            )

    def mismatch(self, problem: str, hint: str, *, upstream: str = "foundation") -> ContractError:
        """Return the error that an upstream lacks something; `{}` in `hint` is its stack."""
        below = str(self.upstreams[upstream])
        return ContractError(below, problem, hint.format(below))
