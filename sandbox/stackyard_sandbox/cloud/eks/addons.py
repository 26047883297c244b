"""EKS add-ons: recorded and described; the cluster gets only their custom resource definitions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from stackyard_sandbox.cloud.eks.pod_identities import PodIdentities
from stackyard_sandbox.cloud.eks.request import (
    in_use,
    invalid_parameter,
    invalid_request,
    not_found,
    unique,
)
from stackyard_sandbox.cloud.eks_cluster import EksCluster, Item
from stackyard_sandbox.toolchain.definitions import secrets_store_definitions
from stackyard_sandbox.toolchain.errors import ToolchainError

VERSION = "v1.0.0-eksbuild.1"
"""Version of an add-on that is created without one: AWS's defaults are not known here."""

MOUNTS_SECRETS = "aws-secrets-store-csi-driver-provider"

NAMESPACE = "kube-system"
"""Namespace of the pods of most add-ons."""

KNOWN = frozenset(
    {
        "adot",
        "amazon-cloudwatch-observability",
        "aws-ebs-csi-driver",
        "aws-efs-csi-driver",
        "aws-fsx-csi-driver",
        "aws-guardduty-agent",
        "aws-mountpoint-s3-csi-driver",
        "aws-network-flow-monitoring-agent",
        "aws-privateca-connector-for-kubernetes",
        "aws-secrets-store-csi-driver-provider",
        "cert-manager",
        "coredns",
        "eks-node-monitoring-agent",
        "eks-pod-identity-agent",
        "external-dns",
        "kube-proxy",
        "kube-state-metrics",
        "metrics-server",
        "prometheus-node-exporter",
        "snapshot-controller",
        "vpc-cni",
    }
)
"""Add-ons of AWS and the community (docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html)."""


class Addons(PodIdentities):
    """The API operations of add-ons."""

    def create_addon(self) -> ActionResult:
        """Record an add-on; a name that AWS does not offer is refused, as in EKS."""
        asked = self.parameters()
        cluster, name = self.cluster(asked["clusterName"]), asked["addonName"]
        if name not in KNOWN:
            raise invalid_parameter(f"Addon {name} specified is not supported", cluster.name)
        if name in cluster.addons:
            raise in_use("Addon already exists.", cluster.name, name)
        if name == MOUNTS_SECRETS:
            self._define(cluster, secrets_store_definitions)
        now = utcnow()
        cluster.addons[name] = {
            "addonName": name,
            "clusterName": cluster.name,
            "status": "ACTIVE",
            "addonVersion": asked.get("addonVersion", VERSION),
            "health": {"issues": []},
            "addonArn": self.arn("addon", cluster.name, name, unique()),
            "createdAt": now,
            "modifiedAt": now,
            "tags": asked.get("tags") or {},
            "owner": "aws",
            "publisher": "eks",
            **self._settings(cluster, asked, []),
        }
        return ActionResult({"addon": cluster.addons[name]})

    def _define(self, cluster: EksCluster, files: Callable[[], list[Path]]) -> None:
        """Apply an add-on's definitions; they stay after its deletion. Refused without files."""
        try:
            result = [yaml.safe_load(file.read_text()) for file in files()]
        except ToolchainError as error:
            raise invalid_request(str(error), cluster.name) from error
        for definition in result:
            path = f"/apis/{definition['apiVersion']}/customresourcedefinitions"
            self.fleet.api(cluster).apply(f"{path}/{definition['metadata']['name']}", definition)

    def describe_addon(self) -> ActionResult:
        """Return one add-on."""
        return ActionResult({"addon": self._addon()})

    def list_addons(self) -> ActionResult:
        """List the names, all on one page."""
        cluster = self.cluster(self.parameters()["clusterName"])
        return ActionResult({"addons": sorted(cluster.addons)})

    def update_addon(self) -> ActionResult:
        """Change version, role or configuration."""
        asked, addon = self.parameters(), self._addon()
        cluster = self.cluster(asked["clusterName"])
        changes = self._settings(cluster, asked, addon.get("podIdentityAssociations", []))
        if version := asked.get("addonVersion"):
            changes["addonVersion"] = version
        addon |= {**changes, "modifiedAt": utcnow()}
        return self.update_of(cluster, "AddonUpdate", changes)

    def delete_addon(self) -> ActionResult:
        """Delete an add-on and its pod identities."""
        addon = self._addon()
        cluster = self.cluster(addon["clusterName"])
        del cluster.addons[addon["addonName"]]
        _dissociate(cluster, addon.get("podIdentityAssociations", []))
        return ActionResult({"addon": {**addon, "status": "DELETING"}})

    def describe_addon_versions(self) -> ActionResult:
        """List the known add-ons, each with the only version in the sandbox."""
        wanted = self.parameters().get("addonName")
        names = sorted(KNOWN if wanted is None else KNOWN & {wanted})
        return ActionResult({"addons": [_offer(name) for name in names]})

    def _addon(self) -> Item:
        asked = self.parameters()
        cluster, name = self.cluster(asked["clusterName"]), asked["addonName"]
        if name not in cluster.addons:
            raise not_found(
                f"No addon: {name} found in cluster: {cluster.name}", cluster.name, name
            )
        addon: Item = cluster.addons[name]
        return addon

    def _settings(self, cluster: EksCluster, asked: Item, identities: list[str]) -> Item:
        """Return an add-on's settings in a request; its pod identities replace former ones."""
        plain = ("serviceAccountRoleArn", "configurationValues", "namespaceConfig")
        settings: Item = {key: asked[key] for key in plain if asked.get(key)}
        if wanted := asked.get("podIdentityAssociations"):
            _dissociate(cluster, identities)
            settings["podIdentityAssociations"] = [
                self.associate(cluster, {"namespace": NAMESPACE, **entry})["associationArn"]
                for entry in wanted
            ]
        return settings


def _dissociate(cluster: EksCluster, identities: list[str]) -> None:
    for arn in identities:
        cluster.pod_identities.pop(arn.rpartition("/")[2], None)


def _offer(name: str) -> dict[str, Any]:
    compatible = {"clusterVersion": "*", "platformVersions": ["*"], "defaultVersion": True}
    versions = [{"addonVersion": VERSION, "compatibilities": [compatible]}]
    return {"addonName": name, "owner": "aws", "publisher": "eks", "addonVersions": versions}
