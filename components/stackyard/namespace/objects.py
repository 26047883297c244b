"""Specifications of a namespace's objects: quota, limits, network policies, admission policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pulumi_kubernetes as k8s

from stackyard.namespace.accounts import allowed
from stackyard.namespace.config import QuotaConfig
from stackyard.namespace.rbac import Rule, group
from stackyard.network.needs import PODS_OUT, WayOut

WORKLOADS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("apps", ("daemonsets", "deployments", "replicasets", "statefulsets")),
    ("batch", ("jobs",)),
)
"""Kinds with a pod template at `spec.template`, by API group."""


def pod_security_labels(version: str) -> dict[str, str]:
    """Return the labels that enforce Pod Security's level "restricted" on every pod."""
    modes = ("enforce", "audit", "warn")
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}
    return {**levels, **{f"{label}-version": version for label in levels}}


def quota(config: QuotaConfig, gpu_resources: Iterable[str]) -> dict[str, str]:
    """Return the hard limits of a quota; projects get no load balancers and no node ports.

    GPUs are limited by requests, the only kind of quota for extended resources:
    https://kubernetes.io/docs/concepts/policy/resource-quotas/.
    """
    return {
        "requests.cpu": str(config.cpu),
        "limits.cpu": str(config.cpu),
        "requests.memory": config.memory,
        "limits.memory": config.memory,
        **{f"requests.{resource}": str(config.gpus) for resource in sorted(gpu_resources)},
        "pods": str(config.pods),
        "requests.storage": config.storage,
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


def container_limits() -> k8s.core.v1.LimitRangeSpecArgs:
    """Return the default resources of a container; without them the quota would refuse its pod."""
    item = k8s.core.v1.LimitRangeItemArgs(
        type="Container",
        default={"cpu": "1", "memory": "1Gi"},
        default_request={"cpu": "100m", "memory": "256Mi"},
    )
    return k8s.core.v1.LimitRangeSpecArgs(limits=[item])


def network_policies() -> dict[str, k8s.networking.v1.NetworkPolicySpecArgs]:
    """Return the network policies by name; they deny all traffic that none of them allows.

    Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/.
    """
    own_pods = k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=k8s.meta.v1.LabelSelectorArgs())
    return {
        "default-deny": k8s.networking.v1.NetworkPolicySpecArgs(
            pod_selector=k8s.meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
        ),
        "allow-namespace": k8s.networking.v1.NetworkPolicySpecArgs(
            pod_selector=k8s.meta.v1.LabelSelectorArgs(),
            policy_types=["Ingress", "Egress"],
            ingress=[k8s.networking.v1.NetworkPolicyIngressRuleArgs(from_=[own_pods])],
            egress=[k8s.networking.v1.NetworkPolicyEgressRuleArgs(to=[own_pods])],
        ),
        **{way.policy: _egress(way) for way in PODS_OUT},
    }


def _egress(way: WayOut) -> k8s.networking.v1.NetworkPolicySpecArgs:
    """Return the policy that allows every pod of the namespace one way out."""
    rule = k8s.networking.v1.NetworkPolicyEgressRuleArgs(
        to=[_peer(way)],
        ports=[
            k8s.networking.v1.NetworkPolicyPortArgs(protocol=protocol, port=port)
            for protocol, port in way.ports
        ],
    )
    return k8s.networking.v1.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(), policy_types=["Egress"], egress=[rule]
    )


def _peer(way: WayOut) -> k8s.networking.v1.NetworkPolicyPeerArgs:
    if way.namespace is not None:
        # Only the API server sets this label.
        name = {"kubernetes.io/metadata.name": way.namespace}
        selector = k8s.meta.v1.LabelSelectorArgs(match_labels=name)
        return k8s.networking.v1.NetworkPolicyPeerArgs(namespace_selector=selector)
    block = k8s.networking.v1.IPBlockArgs(cidr=way.cidr, except_=list(way.excepted) or None)
    return k8s.networking.v1.NetworkPolicyPeerArgs(ip_block=block)


def policy_rules(rules: Sequence[Rule]) -> list[k8s.rbac.v1.PolicyRuleArgs]:
    """Return RBAC rules for a Kubernetes role."""
    return [
        k8s.rbac.v1.PolicyRuleArgs(
            api_groups=rule["apiGroups"], resources=rule["resources"], verbs=rule["verbs"]
        )
        for rule in rules
    ]


def accounts_policy(
    namespace: str, audiences: Iterable[str]
) -> k8s.admissionregistration.v1.ValidatingAdmissionPolicySpecArgs:
    """Return the admission policy on service accounts; it applies to the audiences only."""
    registration = k8s.admissionregistration.v1
    own = k8s.meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": namespace})
    return registration.ValidatingAdmissionPolicySpecArgs(
        failure_policy="Fail",
        match_constraints=registration.MatchResourcesArgs(
            namespace_selector=own,
            resource_rules=[
                registration.NamedRuleWithOperationsArgs(
                    api_groups=[api_group],
                    api_versions=["v1"],
                    operations=["CREATE", "UPDATE"],
                    resources=list(resources),
                )
                for api_group, resources in WORKLOADS
            ],
        ),
        variables=[
            registration.VariableArgs(
                name="account",
                expression="object.spec.template.spec.?serviceAccountName.orValue('default')",
            )
        ],
        validations=[_validation(audience, namespace) for audience in sorted(audiences)],
    )


def _validation(audience: str, namespace: str) -> k8s.admissionregistration.v1.ValidationArgs:
    """Match an audience's group, and pods of the service account with the audience's name."""
    members = group(namespace, audience)
    pods = f"system:serviceaccount:{namespace}:{audience}"
    return k8s.admissionregistration.v1.ValidationArgs(
        expression=f"!('{members}' in request.userInfo.groups || "
        f"request.userInfo.username == '{pods}') || variables.account in {allowed(audience)}",
        message_expression=f"'{audience} may start pods as {', '.join(allowed(audience))}, "
        "not as ' + variables.account",
        reason="Forbidden",
    )
