"""Config of a project's namespace and its quota."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.config import Config

Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$")]
"""An amount of memory or storage, for example `64Gi`. Source:
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/."""


class QuotaConfig(Config):
    """ResourceQuota: limits on the sum of all pods of the namespace."""

    cpu: Annotated[int, Field(ge=1, le=10_000)] = 16
    """CPU cores."""

    memory: Memory = "64Gi"
    """Memory."""

    gpus: Annotated[int, Field(ge=0, le=1_000)] = 0
    """GPUs; the API server rejects a pod that would exceed the quota. 0 allows no GPU."""

    pods: Annotated[int, Field(ge=1, le=5_000)] = 50
    """Number of pods."""

    storage: Memory = "200Gi"
    """Storage of all PersistentVolumeClaims."""


class NamespaceConfig(Config):
    """The namespace of a project in one stage."""

    quota: QuotaConfig = QuotaConfig()
    """Limits on the sum of all pods."""

    queue_weight: Annotated[int, Field(ge=1, le=100)] = 1
    """Fair-sharing weight for GPUs where the stage has `queueing: kueue`: 2 gets twice as many as
    1."""

    pod_security_version: Annotated[str, Field(pattern=r"^v1\.[0-9]{2}$")] = "v1.33"
    """Pinned version of the Pod Security level "restricted", so that an upgrade of the cluster does
    not change it. Source:
    https://kubernetes.io/docs/concepts/security/pod-security-admission/."""
