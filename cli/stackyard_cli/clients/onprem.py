"""Connections to on-premises clusters: by the declared kubeconfigs, or the sandbox's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from stackyard_cli.clients.kubeconfig import KubeconfigCluster

if TYPE_CHECKING:
    from stackyard.contracts import OnPremFacts


def onprem_clusters(
    target: Literal["aws", "sandbox"], clusters: Mapping[str, OnPremFacts]
) -> dict[str, KubeconfigCluster]:
    """Return a client for each on-premises cluster, by name.

    In the sandbox, a control plane on this machine replaces a cluster, if it was started.
    """
    declared = {
        name: KubeconfigCluster(facts.kubeconfig, facts.context) for name, facts in clusters.items()
    }
    if target == "aws" or not declared:
        return declared
    from stackyard_sandbox.onprem import OnPremises
    from stackyard_sandbox.paths import sandbox_home

    here = OnPremises(sandbox_home())
    planes = {name: here.find(one.kubeconfig, one.context) for name, one in declared.items()}
    own = {
        name: KubeconfigCluster(str(plane.kubeconfig_path), None)
        for name, plane in planes.items()
        if plane is not None
    }
    return declared | own
