"""Which changed fields of a NodePool and an EC2NodeClass make Karpenter replace running nodes.

Karpenter calls it drift: https://karpenter.sh/docs/concepts/disruption/#drift. The table is what
the release computes: `Hash` of both kinds in `pkg/apis/v1`, `isDrifted` in
`pkg/controllers/nodeclaim/disruption/drift.go` of `sigs.k8s.io/karpenter`, and
`pkg/cloudprovider/drift.go` of `github.com/aws/karpenter-provider-aws`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"

Nodes = Literal["none", "all", "reserved", "unfitting", "some"]
"""Which nodes a changed field replaces.

`reserved` are those in a capacity reservation, `unfitting` those whose labels no longer meet the
requirements; of `some`, the cluster does not know which."""

FIELDS: Mapping[str, Sequence[tuple[str, Nodes]]] = {
    NODE_POOL: (
        ("spec.template.spec.requirements", "unfitting"),
        ("spec.template", "all"),
    ),
    NODE_CLASS: (
        ("spec.ipPrefixCount", "none"),
        ("spec.subnetSelectorTerms", "some"),
        ("spec.capacityReservationSelectorTerms", "reserved"),
        ("spec", "all"),
    ),
}
"""By type, the nodes that a change below a path replaces; the first path that fits decides. All
else replaces none: `weight`, `limits`, `disruption` and `replicas` of a NodePool."""


def replaced_by(kind: str, path: str) -> Nodes:
    """Return which nodes a change at a property path of an object of this type replaces.

    A change of a whole part of the object, such as `spec`, is taken to replace all.
    """
    for prefix, nodes in FIELDS.get(kind, ()):
        if re.match(re.escape(prefix) + r"(?![A-Za-z0-9])", path):
            return nodes
    return "all" if any(one.startswith(f"{path}.") for one, _ in FIELDS.get(kind, ())) else "none"


def fits(labels: Mapping[str, str], requirements: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a node with these labels meets the requirements of its NodePool.

    An operator other than `In`, which no pool of ours has, is taken as not met.
    """
    return all(
        one.get("operator") == "In" and labels.get(str(one.get("key"))) in one.get("values", ())
        for one in requirements
    )
