"""A namespace for the stage's own services, with a quota, no ingress and a Pod Security level."""

from __future__ import annotations

from typing import ClassVar, Literal

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.naming import StackId

Level = Literal["restricted", "privileged"]
"""A Pod Security Standard, https://kubernetes.io/docs/concepts/security/pod-security-standards/."""


class SystemNamespace(Component):
    """A namespace with a quota, denied ingress by default, and an enforced Pod Security level."""

    TYPE: ClassVar[str] = "stackyard:index:SystemNamespace"

    namespace: pulumi.Output[str]
    """The namespace; it depends on its quota and its network policy."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        namespace: str,
        level: Level,
        pods: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack (for labels), the name, the level, and how many pods it may hold."""
        super().__init__(name, Config(), opts=opts)
        labels = kubernetes.labels(stack, namespace)
        made = k8s.core.v1.Namespace(
            self.named("namespace"),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=namespace,
                labels={**labels, **_pod_security(level)},
            ),
            opts=self.child(),
        )
        inside = k8s.meta.v1.ObjectMetaArgs(
            name="default", namespace=made.metadata.name, labels=labels
        )
        quota = k8s.core.v1.ResourceQuota(
            self.named("quota"),
            metadata=inside,
            spec=k8s.core.v1.ResourceQuotaSpecArgs(
                hard={"pods": str(pods), "services.loadbalancers": "0", "services.nodeports": "0"}
            ),
            opts=self.child(),
        )
        closed = k8s.networking.v1.NetworkPolicy(
            self.named("closed"),
            metadata=inside,
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(), policy_types=["Ingress"]
            ),
            opts=self.child(),
        )
        # A preview also knows the URN of a missing object, so nothing is replaced.
        ready = pulumi.Output.all(made.metadata.name, quota.urn, closed.urn)
        self.namespace = ready.apply(lambda parts: parts[0])
        self.publish()


def _pod_security(level: Level) -> dict[str, str]:
    """Return the labels of the level, https://kubernetes.io/docs/concepts/security/pod-security-admission/."""
    modes = ("enforce", "audit", "warn") if level == "restricted" else ("enforce",)
    return {f"pod-security.kubernetes.io/{mode}": level for mode in modes}
