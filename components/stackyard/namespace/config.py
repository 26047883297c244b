"""What a person may write about a project's namespace."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.config import Config

Memory = Annotated[str, Field(pattern=r"^[1-9]\d*(Mi|Gi|Ti)$")]
"""An amount of memory or storage, for example `64Gi`. Source:
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/."""


class QuotaConfig(Config):
    """The most that all pods of the namespace may ask for together."""

    cpu: Annotated[int, Field(ge=1, le=10_000)] = 16
    """CPU cores."""

    memory: Memory = "64Gi"
    """Memory."""

    gpus: Annotated[int, Field(ge=0, le=1_000)] = 0
    """GPUs; a pod that would go above is refused by the API server. 0: no GPU at all."""

    pods: Annotated[int, Field(ge=1, le=5_000)] = 50
    """Pods."""

    storage: Memory = "200Gi"
    """Storage of all volume claims."""


class NamespaceConfig(Config):
    """The namespace of a project in one stage."""

    quota: QuotaConfig = QuotaConfig()
    """The most that it may use."""

    queue_weight: Annotated[int, Field(ge=1, le=100)] = 1
    """Weight when projects wait for the same GPUs, where the stage has `queueing: kueue`: 2 gets
    twice as many as 1."""

    pod_security_version: Annotated[str, Field(pattern=r"^v1\.\d{2}$")] = "v1.33"
    """Kubernetes version of the Pod Security level "restricted", pinned, so that an upgrade of the
    cluster does not tighten it unseen. Source:
    https://kubernetes.io/docs/concepts/security/pod-security-admission/."""
