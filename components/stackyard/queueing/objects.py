"""Specifications of Kueue objects as plain data: Pulumi has no types for them.

All GPUs of a cluster belong to one cohort. No project owns any: each borrows up to its quota, and
the project that has borrowed most for its weight returns its GPUs first. Source:
https://kueue.sigs.k8s.io/docs/concepts/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.namespace.config import NamespaceConfig
from stackyard.references import GpuPoolRef

GROUP = "kueue.x-k8s.io"

API_VERSION = f"{GROUP}/v1beta2"
"""API version of Kueue 0.15 and newer."""

COHORT = "stackyard"
"""The cohort that all projects on a cluster share, of whatever stage."""

GENERAL = "general"
"""The flavor of CPU and memory on any node."""

QUEUE = "default"
"""Each namespace's queue. Kueue adds jobs without a label to the queue with this name, so no job
bypasses it: https://kueue.sigs.k8s.io/docs/tasks/manage/enforce_job_management/."""

LABEL = f"{GROUP}/queue-name"
"""Label of a job that waits in a queue."""

LOOK: dict[str, list[str]] = {
    "apiGroups": [GROUP],
    "resources": ["localqueues", "workloads"],
    "verbs": ["get", "list", "watch"],
}
"""RBAC rule for reading why a job waits."""


def flavor(pool: GpuPoolRef) -> dict[str, Any]:
    """Return the flavor of a GPU pool; its taint excludes jobs without a GPU."""
    taint = {"key": pool.taint_key, "value": pool.taint_value, "effect": "NoSchedule"}
    return {"nodeLabels": dict(pool.node_selector), "nodeTaints": [taint]}


def flavor_name(pool: str) -> str:
    """Return the name of a GPU pool's flavor."""
    return f"gpu-{pool}"


def cohort(pools: Mapping[str, GpuPoolRef]) -> dict[str, Any]:
    """Return the cohort: every pool at its maximum size, to which Karpenter can scale it."""
    quotas = {pool: {"nominalQuota": str(facts.max_gpus)} for pool, facts in pools.items()}
    return {"resourceGroups": _gpu_groups(pools, quotas)}


def cluster_queue(
    namespace: str, config: NamespaceConfig, pools: Mapping[str, GpuPoolRef]
) -> dict[str, Any]:
    """Return a project's queue on one cluster; only jobs of its namespace wait in it.

    CPU and memory are its own: Karpenter creates them, so there is nothing to share.
    """
    quota = config.quota
    own = {"lendingLimit": "0", "borrowingLimit": "0"}
    general = {
        "coveredResources": ["cpu", "memory"],
        "flavors": [
            {
                "name": GENERAL,
                "resources": [
                    {"name": "cpu", "nominalQuota": str(quota.cpu), **own},
                    {"name": "memory", "nominalQuota": quota.memory, **own},
                ],
            }
        ],
    }
    borrowed = {
        pool: {"nominalQuota": "0", "borrowingLimit": str(min(quota.gpus, facts.max_gpus))}
        for pool, facts in pools.items()
    }
    return {
        "cohortName": COHORT,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "fairSharing": {"weight": str(config.queue_weight)},
        "preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"},
        "resourceGroups": [general, *_gpu_groups(pools, borrowed)],
    }


def local_queue(cluster_queue_name: str) -> dict[str, Any]:
    """Return the queue in the namespace, which refers to the project's cluster queue."""
    return {"clusterQueue": cluster_queue_name}


def _gpu_groups(
    pools: Mapping[str, GpuPoolRef], quotas: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return one group for each GPU resource, with a flavor for each pool that offers it."""
    return [
        {
            "coveredResources": [resource],
            "flavors": [
                {
                    "name": flavor_name(pool),
                    "resources": [{"name": resource, **quotas[pool]}],
                }
                for pool, facts in sorted(pools.items())
                if facts.resource == resource
            ],
        }
        for resource in sorted({facts.resource for facts in pools.values()})
    ]
