"""The applied project of a check, and the clients with which the check reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.contracts import FoundationContract, ProjectContract, ServicesContract
from stackyard.naming import StackId
from stackyard_cli.clients.foundation import Clients
from stackyard_cli.clients.kubeconfig import KubeconfigCluster


@dataclass(frozen=True)
class Subject:
    """One applied project."""

    stack: StackId
    config: ProjectConfig
    project: ProjectContract
    foundation: FoundationContract
    services: ServicesContract
    clients: Clients
    onprem: Mapping[str, KubeconfigCluster]
    """Clients of the on-premises clusters, by name."""

    def deployment(self, name: str) -> Any:
        """Return a Deployment of the namespace, None if it does not exist."""
        return self.clients.kube(
            f"/apis/apps/v1/namespaces/{self.project.namespace}/deployments/{name}"
        )

    def deployment_problems(self, name: str) -> list[str]:
        """Return the problems of a Deployment of the namespace; empty if its pods are ready."""
        deployment = self.deployment(name)
        if deployment is None:
            return [f"Deployment {name} is missing"]
        replicas = deployment["spec"].get("replicas", 1)
        ready = deployment.get("status", {}).get("readyReplicas", 0)
        if ready >= replicas:
            return []
        return [f"Deployment {name}: {ready} of {replicas} pods are ready"]
