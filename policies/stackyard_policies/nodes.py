"""Rules about nodes: what pools may grow to, how long nodes live, who may run on paid ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stackyard.instances import is_accelerated
from stackyard_policies.rule import Settings, Subject, resource_rule

NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

TYPE_LABEL = "node.kubernetes.io/instance-type"
"""The requirement that lists instance types."""


def _types(subject: Subject) -> list[str]:
    """Return the instance types that a NodePool lists; empty if it does not list them."""
    requirements: list[Mapping[str, Any]] = subject.value("spec.template.spec.requirements", [])
    return [
        str(value)
        for one in requirements
        if one.get("key") == TYPE_LABEL and one.get("operator") == "In"
        for value in one.get("values", [])
    ]


@resource_rule("node-pool-capped", NODE_POOL, fix="set `limits` of the pool")
def capped(subject: Subject, settings: Settings) -> Iterator[str]:
    """Every NodePool has a limit, or waiting pods could start nodes without end.

    Source: https://karpenter.sh/docs/concepts/nodepools/#speclimits.
    """
    limits = subject.value("spec.limits", {})
    if not {"cpu", "nodes"} & set(limits):
        yield f"NodePool `{subject.name}` has no limit of cpu or nodes"


@resource_rule("node-pool-ends", NODE_POOL, fix="set `expire_after_days` of the pool")
def ends(subject: Subject, settings: Settings) -> Iterator[str]:
    """Every node is replaced at some age, so that none keeps an old image for ever.

    Source: https://karpenter.sh/docs/concepts/disruption/#automated-forceful-methods.
    """
    if subject.value("spec.template.spec.expireAfter", "Never") == "Never":
        yield f"nodes of NodePool `{subject.name}` never expire"


@resource_rule("gpu-pool-contained", NODE_POOL, NODE_GROUP, fix="use the GpuPool component")
def gpu_pool_contained(subject: Subject, settings: Settings) -> Iterator[str]:
    """GPU nodes are tainted and made on demand: only GPU pods run there, and no node idles."""
    if subject.type == NODE_GROUP:
        if any(is_accelerated(str(kind)) for kind in subject.value("instanceTypes", [])):
            yield f"node group `{subject.name}` has accelerators"
        return
    if not any(is_accelerated(kind) for kind in _types(subject)):
        return
    taints = subject.value("spec.template.spec.taints", [])
    if "NoSchedule" not in {taint.get("effect") for taint in taints}:
        yield f"GPU pool `{subject.name}` has no NoSchedule taint"


@resource_rule("node-pool-types-listed", NODE_POOL, fix="list the instance types of the pool")
def types_listed(subject: Subject, settings: Settings) -> Iterator[str]:
    """A pool in production names its instance types, so that its price can be known."""
    types = _types(subject)
    if not types or any("*" in kind for kind in types):
        yield f"NodePool `{subject.name}` does not list its instance types"


@resource_rule("node-disk-encrypted", NODE_CLASS, fix="map every disk with `encrypted: true`")
def disk_encrypted(subject: Subject, settings: Settings) -> Iterator[str]:
    """All disks of nodes are encrypted; one without a mapping is as in the image."""
    disks = subject.value("spec.blockDeviceMappings", [])
    alias = str(subject.value("spec.amiSelectorTerms.0.alias", ""))
    expected = 2 if alias.startswith("bottlerocket") else 1
    encrypted = [one for one in disks if (one.get("ebs") or {}).get("encrypted") is True]
    if len(encrypted) < max(expected, len(disks)):
        yield f"node class `{subject.name}` has a disk that is not encrypted"


@resource_rule("node-metadata-guarded", NODE_CLASS, fix="require tokens, with a hop limit of 1")
def metadata_guarded(subject: Subject, settings: Settings) -> Iterator[str]:
    """Pods cannot take the credentials of their node from the metadata service.

    Source: https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html.
    """
    options = subject.value("spec.metadataOptions", {})
    if options.get("httpTokens", "required") != "required":
        yield f"node class `{subject.name}` answers metadata requests without a token"
    if options.get("httpPutResponseHopLimit", 1) != 1:
        yield f"node class `{subject.name}` answers metadata requests of pods"


RULES = (capped, ends, gpu_pool_contained, types_listed, disk_encrypted, metadata_guarded)
