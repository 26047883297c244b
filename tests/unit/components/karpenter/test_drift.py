"""The table of fields that replace nodes, against every field that Karpenter's definitions have."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from stackyard.karpenter.drift import NODE_CLASS, NODE_POOL, fits, replaced_by
from tests.support.go_modules import karpenter


@pytest.mark.parametrize(
    ("kind", "path", "nodes"),
    [
        (NODE_POOL, "spec.template.spec.requirements[0].values[2]", "unfitting"),
        (NODE_POOL, "spec.template.spec.expireAfter", "all"),
        (NODE_POOL, 'spec.template.metadata.labels["stackyard.dev/pool"]', "all"),
        (NODE_POOL, "spec.limits.cpu", "none"),
        (NODE_POOL, "spec", "all"),
        (NODE_POOL, 'metadata.labels["app.kubernetes.io/name"]', "none"),
        (NODE_CLASS, "spec.amiSelectorTerms[0].alias", "all"),
        (NODE_CLASS, "spec.tags.owner", "all"),
        (NODE_CLASS, "spec.capacityReservationSelectorTerms[1]", "reserved"),
        (NODE_CLASS, "spec.subnetSelectorTerms[0].id", "some"),
        (NODE_CLASS, "spec.ipPrefixCount", "none"),
        ("kubernetes:core/v1:Namespace", "spec.finalizers", "none"),
    ],
)
def test_which_nodes_a_path_replaces(kind: str, path: str, nodes: str) -> None:
    assert replaced_by(kind, path) == nodes


def test_a_node_fits_while_its_labels_meet_each_requirement() -> None:
    wanted: list[dict[str, Any]] = [{"key": "arch", "operator": "In", "values": ["amd64", "arm64"]}]
    assert fits({"arch": "arm64"}, wanted)
    assert not fits({"arch": "riscv"}, wanted)
    assert not fits({}, wanted)


def test_a_release_with_another_part_of_a_pool_asks_for_a_look_at_the_table() -> None:
    """Karpenter's documentation calls these behavioural; all else is below `template`."""
    file = (karpenter() / "pkg/apis/crds/karpenter.sh_nodepools.yaml").read_text()
    versions = yaml.safe_load(file)["spec"]["versions"]
    fields = versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    behavioural = {"disruption", "limits", "replicas", "weight"}
    assert {one for one in fields if replaced_by(NODE_POOL, f"spec.{one}") == "none"} == behavioural
