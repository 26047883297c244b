"""What the sandbox is told of clusters on premises, and how its refusal is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.contracts import OnPremFacts
from stackyard.onprem.config import OnPremConfig
from stackyard_cli.clients import onprem
from stackyard_cli.deploy.onprem_clusters import OnPremClusters
from stackyard_cli.errors import StackyardError
from stackyard_sandbox import daemon
from stackyard_sandbox.onprem import ClusterSpec, Node
from stackyard_sandbox.state import SandboxError

CELLAR = OnPremConfig.model_validate(
    {
        "clusters": {
            "cellar": {
                "kubeconfig": "~/.kube/cellar",
                "issuer": "https://oidc.example",
                "gpu_pools": {"training": {"gpus_per_node": 4, "nodes": 2}},
            }
        }
    }
)


def test_nodes_carry_what_owners_of_real_ones_are_told_to_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(daemon, "provide", asked.append)
    OnPremClusters(CELLAR).wait()
    taint = {"key": "nvidia.com/gpu", "value": "training", "effect": "NoSchedule"}
    nodes = tuple(
        Node(name, {"stackyard.dev/gpu-pool": "training"}, taint, "nvidia.com/gpu", 4)
        for name in ("training-0", "training-1")
    )
    cluster = ClusterSpec("cellar", "~/.kube/cellar", None, "https://oidc.example", nodes)
    assert asked == [[cluster]]


def test_one_that_does_not_come_up_is_an_error_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: Any) -> None:
        raise SandboxError("etcd of cellar ended", hint="reset")

    monkeypatch.setattr(daemon, "provide", refuse)
    clusters = OnPremClusters(CELLAR)
    with pytest.raises(StackyardError, match="etcd of cellar ended") as told:
        clusters.wait()
    assert told.value.hint == "reset"


def test_on_aws_the_kubeconfig_is_the_one_that_was_declared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STACKYARD_SANDBOX_DIR", str(tmp_path))
    facts = OnPremFacts(
        version=1,
        kubeconfig="~/.kube/cellar",
        context="c",
        issuer="https://oidc.example",
        issuer_arn="arn",
        gpu_pools={},
    )
    for target in ("aws", "sandbox"):  # no plane is there in this sandbox
        (found,) = onprem.onprem_clusters(target, {"cellar": facts}).values()
        assert (found.kubeconfig, found.context) == ("~/.kube/cellar", "c")
