"""Two stages cannot register one cluster on premises: the second apply would fail."""

from __future__ import annotations

import pytest

from stackyard.estate.estate import Estate
from tests.support.estates import SmallEstate


def stage(kubeconfig: str, issuer: str) -> str:
    cluster = f'{{kubeconfig: {kubeconfig}, issuer: "https://{issuer}.example"}}'
    return f"onprem:\n  clusters:\n    cellar: {cluster}\n"


@pytest.mark.parametrize(
    ("kubeconfig", "issuer", "field"),
    [
        ("~/.kube/one", "one", "kubeconfig"),
        ("~/.kube/one", "two", "kubeconfig"),
        ("~/.kube/two", "one", "issuer"),
        ("~/.kube/two", "two", None),
    ],
)
def test_a_cluster_belongs_to_one_stage(
    small: SmallEstate, kubeconfig: str, issuer: str, field: str | None
) -> None:
    small.write("platform/services/dev.yaml", stage("~/.kube/one", "one"))
    small.write("platform/foundation/prod.yaml", "{}\n")
    small.write("platform/services/prod.yaml", stage(kubeconfig, issuer))
    estate = Estate(small.root)
    found = [str(problem) for problem in estate.check(estate.stacks())]
    if field is None:
        assert found == []
        return
    (problem,) = found
    assert problem.startswith("stacks/platform/services/prod.yaml:3:")
    assert f"`onprem.clusters.cellar.{field}`: is the cluster `cellar` of" in problem
    assert "stacks/platform/services/dev.yaml:3:" in problem
