"""Parts that all Kubernetes objects of a stack share: labels, kubeconfig, security contexts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stackyard.naming import StackId
from stackyard.tags import stack_labels

if TYPE_CHECKING:
    import pulumi
    import pulumi_kubernetes as k8s

COMPONENT = "app.kubernetes.io/component"
"""The recommended label for a part of an application,
https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/."""

UNDISTURBED: Mapping[str, str] = {"karpenter.sh/do-not-disrupt": "true"}
"""Annotation of a pod whose node Karpenter neither empties to save money nor replaces:
https://karpenter.sh/docs/concepts/disruption/#pod-level-controls."""

JOB_GRACE_SECONDS = 90
"""Seconds that a job has from SIGTERM to SIGKILL, to save a checkpoint: of the two minutes before
AWS takes a spot instance, Karpenter and the kubelet need some themselves."""

TERMINATED = 143
"""Exit code of a program that ends by SIGTERM: 128 and the signal's number."""

POD_FAILURE_POLICY: Mapping[str, Any] = {
    "rules": [
        {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        },
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [TERMINATED]}},
    ]
}
"""Of a Job: a pod that was evicted, preempted or drained is made again, and is no failure; nor is
one that ended by SIGTERM, which Karpenter causes by deleting it. It needs `restartPolicy: Never`.
Source:
https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy."""

NOBODY = 65_534
"""User and group id of nobody, for images that would run as root."""

OWN = "stackyard.dev/"
"""Prefix of Stackyard's own labels."""

NEEDS_ROLE = {f"{OWN}pod-identity": "required"}
"""Label of pods that are of no use without their AWS role; see `cluster.identity_admission`."""

ZONE, NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
"""Node labels over which pods are spread,
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/."""


def labels(stack: StackId, component: str, **extra: str) -> dict[str, str]:
    """Return the labels of an object of a component; `extra_key` becomes `stackyard.dev/extra-key`.

    Values are at most 63 letters, digits, `-`, `_` and `.`
    (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/).
    """
    return {**stack_labels(stack), COMPONENT: component, **_own(extra)}


def log_labels(audiences: Iterable[str]) -> dict[str, str]:
    """Return the label of a namespace whose pods' output is shipped, to groups of these audiences.

    Without a group, every line would be refused and tried again.
    """
    named = "_".join(sorted(audiences))
    return {f"{OWN}log-groups": named} if named else {}


def selector(stack: StackId, component: str, **extra: str) -> dict[str, str]:
    """Return the part of `labels` that selects a component's pods.

    A workload's selector can never change, so it names the owner of the pods and nothing else.
    """
    identity = {"team": stack.team, "project": stack.project, "stage": stack.stage}
    return {COMPONENT: component, **_own(identity), **_own(extra)}


def kubeconfig(*, cluster_name: str, endpoint: str, ca: str, region: str) -> str:
    """Return a kubeconfig for an EKS cluster, without a secret: the caller's AWS identity signs.

    `ca` is base64 of PEM, as EKS returns it. JSON, so that equal inputs give equal texts. Source:
    https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html.
    """
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", cluster_name]
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": [*arguments, "--output", "json"],
        "interactiveMode": "Never",
    }
    cluster = {"server": endpoint, "certificate-authority-data": ca}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster_name, "cluster": cluster}],
        "users": [{"name": cluster_name, "user": {"exec": plugin}}],
        "contexts": [
            {"name": cluster_name, "context": {"cluster": cluster_name, "user": cluster_name}}
        ],
        "current-context": cluster_name,
    }
    return json.dumps(config, sort_keys=True)


SECCOMP = {"type": "RuntimeDefault"}
"""The system calls that the container runtime allows by default."""


def root_pod() -> k8s.core.v1.PodSecurityContextArgs:
    """Return the pod security context of a node agent, which has to run as root."""
    import pulumi_kubernetes as k8s

    return k8s.core.v1.PodSecurityContextArgs(
        seccomp_profile=k8s.core.v1.SeccompProfileArgs(**SECCOMP)
    )


def restricted_pod_manifest(user: int | None = None) -> dict[str, Any]:
    """Return the pod security context that Pod Security's level "restricted" requires.

    `user` is the uid and the group of mounted volumes, for images that would run as root
    (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
    """
    identity = {} if user is None else {"runAsUser": user, "fsGroup": user}
    return {"runAsNonRoot": True, **identity, "seccompProfile": SECCOMP}


def restricted_container_manifest(*, read_only: bool = False) -> dict[str, Any]:
    """Return the security context that level "restricted" requires of each container.

    `read_only` also mounts the image read-only, which the level does not require.
    """
    root = {"readOnlyRootFilesystem": True} if read_only else {}
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, **root}


def restricted_pod(user: int | None = None) -> k8s.core.v1.PodSecurityContextArgs:
    """Return `restricted_pod_manifest` as the SDK's arguments."""
    import pulumi_kubernetes as k8s

    manifest = restricted_pod_manifest(user)
    return k8s.core.v1.PodSecurityContextArgs(
        run_as_non_root=manifest["runAsNonRoot"],
        run_as_user=manifest.get("runAsUser"),
        fs_group=manifest.get("fsGroup"),
        seccomp_profile=k8s.core.v1.SeccompProfileArgs(**manifest["seccompProfile"]),
    )


def restricted_container(*, read_only: bool = False) -> k8s.core.v1.SecurityContextArgs:
    """Return `restricted_container_manifest` as the SDK's arguments."""
    import pulumi_kubernetes as k8s

    manifest = restricted_container_manifest(read_only=read_only)
    return k8s.core.v1.SecurityContextArgs(
        allow_privilege_escalation=manifest["allowPrivilegeEscalation"],
        capabilities=k8s.core.v1.CapabilitiesArgs(**manifest["capabilities"]),
        read_only_root_filesystem=manifest.get("readOnlyRootFilesystem"),
    )


def environment(variables: Mapping[str, pulumi.Input[str]]) -> list[k8s.core.v1.EnvVarArgs]:
    """Return environment variables in the order of their names, so that equal ones stay equal."""
    import pulumi_kubernetes as k8s

    return [k8s.core.v1.EnvVarArgs(name=name, value=variables[name]) for name in sorted(variables)]


def custom_resource(
    name: str,
    definition: tuple[str, str],
    metadata: Mapping[str, Any],
    spec: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> k8s.apiextensions.CustomResource:
    """Make an object of a kind that a custom resource definition adds: its API version and kind."""
    import pulumi_kubernetes as k8s

    api_version, kind = definition
    return k8s.apiextensions.CustomResource(
        name,
        api_version=api_version,
        kind=kind,
        metadata=k8s.meta.v1.ObjectMetaArgs(**metadata),
        spec=dict(spec),
        opts=opts,
    )


def spread(match: Mapping[str, str], key: str = ZONE) -> k8s.core.v1.TopologySpreadConstraintArgs:
    """Return the constraint that spreads matching pods over zones or nodes, if possible."""
    import pulumi_kubernetes as k8s

    return k8s.core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=match),
    )


def egress(
    match: Mapping[str, str], cidr: str, port: int
) -> k8s.networking.v1.NetworkPolicySpecArgs:
    """Return the policy that allows matching pods to connect to a port of a network."""
    import pulumi_kubernetes as k8s

    to = k8s.networking.v1.NetworkPolicyPeerArgs(ip_block=k8s.networking.v1.IPBlockArgs(cidr=cidr))
    return k8s.networking.v1.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=match),
        policy_types=["Egress"],
        egress=[
            k8s.networking.v1.NetworkPolicyEgressRuleArgs(
                to=[to],
                ports=[k8s.networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP")],
            )
        ],
    )


def manifest(args: object) -> dict[str, Any]:
    """Return an `…Args` object as the dictionary that the Kubernetes API reads; no Outputs in it.

    For manifests that another program than Pulumi applies.
    """
    from stackyard import pulumi_internals

    result: dict[str, Any] = pulumi_internals.to_dict(args)
    return result


def _own(values: dict[str, str]) -> dict[str, str]:
    return {f"{OWN}{key.replace('_', '-')}": value for key, value in values.items()}


def from_namespace(namespace: str, port: int) -> k8s.networking.v1.NetworkPolicyIngressRuleArgs:
    """Return the rule that admits a namespace; only the API server sets the label it matches."""
    import pulumi_kubernetes as k8s

    selector = k8s.meta.v1.LabelSelectorArgs(
        match_labels={"kubernetes.io/metadata.name": namespace}
    )
    return k8s.networking.v1.NetworkPolicyIngressRuleArgs(
        from_=[k8s.networking.v1.NetworkPolicyPeerArgs(namespace_selector=selector)],
        ports=[k8s.networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP")],
    )
