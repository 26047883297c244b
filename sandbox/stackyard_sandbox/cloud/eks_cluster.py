"""The EKS cluster record: the emulator's fields and those that it lacks."""

import base64
from typing import Any

from moto.eks.models import Cluster

from stackyard_sandbox.control_plane import ControlPlane

Item = dict[str, Any]
"""An object of the API, with the names of the API's model."""

WITHOUT_EFFECT: Item = {
    "upgradePolicy": {"supportType": "EXTENDED"},
    "zonalShiftConfig": {"enabled": False},
    "deletionProtection": False,
    "computeConfig": None,
    "storageConfig": None,
    "controlPlaneScalingConfig": None,
}
"""Settings without effect, except deletion protection; with the API's defaults."""


_NETWORK: Item = {
    "serviceIpv4Cidr": "172.20.0.0/16",
    "ipFamily": "ipv4",
    "elasticLoadBalancing": {"enabled": False},
}


class EksCluster(Cluster):
    """A cluster on a real control plane. The API's serializer reads its attributes."""

    def __init__(
        self, asked: Item, plane_id: str, network: Item, account: str, region: str, partition: str
    ) -> None:
        super().__init__(
            name=asked["name"],
            role_arn=asked["roleArn"],
            resources_vpc_config=network,
            account_id=account,
            region_name=region,
            aws_partition=partition,
            version=asked.get("version"),
            kubernetes_network_config=_NETWORK | (asked.get("kubernetesNetworkConfig") or {}),
            client_request_token=asked.get("clientRequestToken"),
            tags=asked.get("tags"),
            encryption_config=asked.get("encryptionConfig"),
            remote_network_config=asked.get("remoteNetworkConfig"),
        )
        self.plane_id = plane_id
        self.set_logging(asked.get("logging") or {})
        self.platformVersion = "eks.1"
        self.health: Item = {"issues": []}
        # The API does this for a request without accessConfig.
        self.access_config: Item = {
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
            **(asked.get("accessConfig") or {}),
        }
        self.deletion_protection = False
        self.set_without_effect(WITHOUT_EFFECT | asked)
        self.addons: dict[str, Item] = {}
        self.updates: dict[str, Item] = {}
        self.pod_identities: dict[str, Item] = {}
        self.access_entries: dict[str, Item] = {}
        self.access_policies: dict[str, dict[str, Item]] = {}

    def describe(self, plane: ControlPlane) -> None:
        """Set the fields that describe the cluster's real control plane."""
        self.endpoint = plane.endpoint
        authority = base64.b64encode(plane.ca_pem.encode()).decode()
        self.certificate_authority = {"data": authority}
        self.identity = {"oidc": {"issuer": plane.issuer}}

    def set_logging(self, asked: Item) -> None:
        """Enable or disable log types; the API always returns all of them, enabled or not."""
        switched = {
            kind: each["enabled"]
            for each in (*self.logging["clusterLogging"], *asked.get("clusterLogging", []))
            for kind in each.get("types", [])
        }
        result = [
            {"types": sorted(kind for kind in switched if switched[kind] is on), "enabled": on}
            for on in (True, False)
        ]
        self.logging = {"clusterLogging": [each for each in result if each["types"]]}

    def set_without_effect(self, asked: Item) -> None:
        """Set the settings without effect."""
        for key in WITHOUT_EFFECT.keys() & asked.keys():
            setattr(self, _attribute(key), asked[key])


def _attribute(member: str) -> str:
    """Return the attribute of a member for the emulator's serializer: its name in snake case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in member)
