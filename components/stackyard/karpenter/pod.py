"""The pod of Karpenter's controller: its ports, probes, placement and environment."""

from __future__ import annotations

import pulumi_kubernetes as k8s

from stackyard import kubernetes

HEALTH = 8081
"""Port of the probes."""


def own_facts() -> list[k8s.core.v1.EnvVarArgs]:
    """Return the environment variables with facts about the pod itself."""
    field = k8s.core.v1.ObjectFieldSelectorArgs(field_path="metadata.namespace")
    namespace = k8s.core.v1.EnvVarSourceArgs(field_ref=field)
    return [
        k8s.core.v1.EnvVarArgs(name="SYSTEM_NAMESPACE", value_from=namespace),
        _resource("CPU_REQUESTS", "requests.cpu", "1m"),
        _resource("MEMORY_LIMIT", "limits.memory", "0"),
    ]


def _resource(name: str, resource: str, divisor: str) -> k8s.core.v1.EnvVarArgs:
    selector = k8s.core.v1.ResourceFieldSelectorArgs(
        container_name="controller", resource=resource, divisor=divisor
    )
    return k8s.core.v1.EnvVarArgs(
        name=name, value_from=k8s.core.v1.EnvVarSourceArgs(resource_field_ref=selector)
    )


def beside_its_own_nodes(selector: dict[str, str]) -> k8s.core.v1.AffinityArgs:
    """Keep the controller off nodes that it could remove, and its two pods apart."""
    term = k8s.core.v1.NodeSelectorTermArgs(
        match_expressions=[
            k8s.core.v1.NodeSelectorRequirementArgs(
                key="karpenter.sh/nodepool", operator="DoesNotExist"
            )
        ]
    )
    apart = k8s.core.v1.PodAffinityTermArgs(
        topology_key=kubernetes.NODE,
        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector),
    )
    return k8s.core.v1.AffinityArgs(
        node_affinity=k8s.core.v1.NodeAffinityArgs(
            required_during_scheduling_ignored_during_execution=k8s.core.v1.NodeSelectorArgs(
                node_selector_terms=[term]
            )
        ),
        pod_anti_affinity=k8s.core.v1.PodAntiAffinityArgs(
            required_during_scheduling_ignored_during_execution=[apart]
        ),
    )


def port(name: str, number: int) -> k8s.core.v1.ContainerPortArgs:
    """Return a port of the container."""
    return k8s.core.v1.ContainerPortArgs(name=name, container_port=number)


def probe(path: str, *, delay: int) -> k8s.core.v1.ProbeArgs:
    """Return a probe of the health port, after some seconds."""
    action = k8s.core.v1.HTTPGetActionArgs(path=path, port=HEALTH)
    return k8s.core.v1.ProbeArgs(http_get=action, initial_delay_seconds=delay, timeout_seconds=30)
