"""Reads the requests and the placement rules of a pod, for the autoscaler."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Pod = dict[str, Any]
Amounts = dict[str, Decimal]

_SUFFIXES = {
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** (power + 1) for power, suffix in enumerate("kMGTPE")},
    **{f"{suffix}i": Decimal(1024) ** (power + 1) for power, suffix in enumerate("KMGTPE")},
}
"""Suffixes of quantities,
kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity."""


def quantity(text: str) -> Decimal:
    """Return a Kubernetes quantity as a number, for example `1536Mi` or `250m`."""
    for length in (2, 1):
        if factor := _SUFFIXES.get(text[-length:]):
            return Decimal(text[:-length]) * factor
    return Decimal(text)


def amounts(quantities: Mapping[str, str]) -> Amounts:
    """Return quantities as numbers."""
    return {resource: quantity(str(text)) for resource, text in quantities.items()}


def requests(pod: Pod) -> Amounts:
    """Return the requests of a pod: the sum of its containers or its largest init container."""
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec["containers"]:
        for resource, amount in _requests(container).items():
            total[resource] = total.get(resource, Decimal(0)) + amount
    for container in spec.get("initContainers", []):
        for resource, amount in _requests(container).items():
            total[resource] = max(total.get(resource, Decimal(0)), amount)
    return total


def fits(wanted: Amounts, room: Amounts) -> bool:
    """Return whether the free capacity is enough for all requests."""
    return all(amount <= room.get(resource, Decimal(0)) for resource, amount in wanted.items())


def tolerates(pod: Pod, taints: Iterable[Mapping[str, str]]) -> bool:
    """Return whether a pod tolerates every taint that excludes pods."""
    tolerations = pod["spec"].get("tolerations", [])
    return all(
        any(_tolerates(toleration, taint) for toleration in tolerations)
        for taint in taints
        if taint["effect"] != "PreferNoSchedule"
    )


def accepts(pod: Pod, labels: Mapping[str, str]) -> bool:
    """Return whether a pod's selector and required affinity match a node with these labels."""
    spec = pod["spec"]
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(
        all(_matches(rule, labels) for rule in term.get("matchExpressions", []))
        for term in required["nodeSelectorTerms"]
    )


def _requests(container: Mapping[str, Any]) -> Amounts:
    resources = container.get("resources") or {}
    return amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})


def _tolerates(toleration: Mapping[str, str], taint: Mapping[str, str]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    same_key = toleration.get("key") == taint["key"]
    return same_key and toleration.get("value", "") == taint.get("value", "")


def _matches(rule: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(rule["key"]), rule.get("values", [])
    match rule["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:  # Gt and Lt compare numbers, which none of our labels contains
            return False
