"""DaemonSets and cluster roles of agents: programs that run on each node or watch the cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.naming import StackId


def daemon_set(
    pod: k8s.core.v1.PodSpecArgs,
    *,
    labels: Mapping[str, str],
    selector: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
) -> k8s.apps.v1.DaemonSetSpecArgs:
    """Return the specification of a DaemonSet; `annotations` are set on its pods."""
    return k8s.apps.v1.DaemonSetSpecArgs(
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector),
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels, annotations=annotations), spec=pod
        ),
    )


def config_digest(*files: str) -> dict[str, str]:
    """Return an annotation with a digest of the config, so that a changed config starts new pods.

    Many agents read their files at start only.
    """
    digest = hashlib.sha256("".join(files).encode()).hexdigest()[:16]
    return {"stackyard.dev/config-digest": digest}


def bind_cluster_role(
    component: Component,
    *,
    stack: StackId,
    agent: str,
    namespace: pulumi.Input[str],
    rules: Sequence[k8s.rbac.v1.PolicyRuleArgs],
) -> k8s.rbac.v1.ClusterRoleBinding:
    """Make a cluster role, and bind it to the service account with the agent's name."""
    name = f"stackyard-{agent}"
    metadata = k8s.meta.v1.ObjectMetaArgs(name=name, labels=kubernetes.labels(stack, agent))
    role = k8s.rbac.v1.ClusterRole(
        component.named("role"), metadata=metadata, rules=rules, opts=component.child()
    )
    return k8s.rbac.v1.ClusterRoleBinding(
        component.named("binding"),
        metadata=metadata,
        role_ref=k8s.rbac.v1.RoleRefArgs(
            api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=name
        ),
        subjects=[k8s.rbac.v1.SubjectArgs(kind="ServiceAccount", name=agent, namespace=namespace)],
        opts=component.child(depends_on=[role]),
    )
