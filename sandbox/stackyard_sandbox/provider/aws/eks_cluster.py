"""EKS clusters and their add-ons.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/eks/cluster/ and
…/addon/.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
    tags_if_any,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = "ResourceNotFoundException"
TAGS = Tagging(
    "eks", resource="resourceArn", tags="tags", keys="tagKeys", style="map", listed="tags"
)
NAMES = Casing(names={"vpcConfig": "resourcesVpcConfig"}, lower=True)
LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
SETTINGS = (
    "accessConfig",
    "encryptionConfig",
    "kubernetesNetworkConfig",
    "upgradePolicy",
    "deletionProtection",
    "zonalShiftConfig",
)


class Cluster(Resource):
    """A cluster; its id is its name."""

    token = "aws:eks/cluster:Cluster"
    takes = (
        "name",
        "roleArn",
        "version",
        "vpcConfig",
        "enabledClusterLogTypes",
        "bootstrapSelfManagedAddons",
        *SETTINGS,
    )
    replaces = frozenset(
        {
            "name",
            "roleArn",
            "encryptionConfig",
            "bootstrapSelfManagedAddons",
            "kubernetesNetworkConfig.ipFamily",
            "kubernetesNetworkConfig.serviceIpv4Cidr",
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
        }
    )
    autoname = Autoname(limit=100)
    computed_inside = frozenset(
        {
            "vpcConfig.vpcId",
            "vpcConfig.clusterSecurityGroupId",
            "vpcConfig.publicAccessCidrs",
            "vpcConfig.endpointPublicAccess",
            "vpcConfig.securityGroupIds",
            "accessConfig.authenticationMode",
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
        }
    )
    defaults = {"bootstrapSelfManagedAddons": True}

    def replacing(self, old: Properties, new: Properties) -> frozenset[str]:
        """Encryption is added in place, and never changed or taken away.

        Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_AssociateEncryptionConfig.html.
        """
        added = old.get("encryptionConfig") is None
        return self.replaces - {"encryptionConfig"} if added else self.replaces

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the cluster."""
        arguments = NAMES.pick(
            inputs, "name", "roleArn", "version", "vpcConfig", "bootstrapSelfManagedAddons"
        )
        arguments.update(NAMES.pick(inputs, *SETTINGS))
        if "encryptionConfig" in arguments:
            arguments["encryptionConfig"] = [arguments["encryptionConfig"]]
        aws.client("eks").create_cluster(
            logging=_logging(inputs), **tags_if_any(inputs), **arguments
        )
        return str(inputs["name"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Wait until the API server answers."""
        waiter = aws.client("eks").get_waiter("cluster_active")
        waiter.wait(name=identity, WaiterConfig={"Delay": 1, "MaxAttempts": 120})

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the cluster."""
        answer = call_or_none(aws.client("eks").describe_cluster, MISSING, name=identity)
        if answer is None:
            return None
        cluster = answer["cluster"]
        shown = NAMES.sdk({name: cluster.get(name) for name in SETTINGS})
        encryption = cluster.get("encryptionConfig") or [None]
        return {
            **shown,
            "encryptionConfig": NAMES.sdk(encryption[0]),
            "name": identity,
            "roleArn": cluster["roleArn"],
            "version": cluster.get("version"),
            "vpcConfig": _vpc_inputs(cluster["resourcesVpcConfig"]),
            "enabledClusterLogTypes": _enabled_logs(cluster.get("logging")),
            "arn": cluster["arn"],
            "endpoint": cluster.get("endpoint"),
            "certificateAuthority": cluster.get("certificateAuthority"),
            "identities": [{"oidcs": [cluster.get("identity", {}).get("oidc", {})]}],
            "createdAt": cluster["createdAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "platformVersion": cluster.get("platformVersion"),
            "status": cluster["status"],
            "tagsAll": dict(cluster.get("tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change version, access to the API, logs, authentication and tags."""
        client = aws.client("eks")
        if new.get("version") and changed(old, new, "version"):
            client.update_cluster_version(name=identity, version=new["version"])
        if changed(old, new, "vpcConfig"):
            vpc = {key: new["vpcConfig"].get(key) for key in VPC_CHANGEABLE}
            given = {key: value for key, value in vpc.items() if value is not None}
            client.update_cluster_config(name=identity, resourcesVpcConfig=given)
        if changed(old, new, "enabledClusterLogTypes"):
            client.update_cluster_config(name=identity, logging=_logging(new))
        for name in ("accessConfig", "upgradePolicy", "zonalShiftConfig", "deletionProtection"):
            if new.get(name) is not None and changed(old, new, name):
                value = new[name]
                if name == "accessConfig":
                    value = {"authenticationMode": value["authenticationMode"]}
                client.update_cluster_config(name=identity, **{name: value})
        if new.get("encryptionConfig") and not old.get("encryptionConfig"):
            client.associate_encryption_config(
                clusterName=identity, encryptionConfig=[NAMES.api(new["encryptionConfig"])]
            )
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the cluster and wait for its deletion."""
        client = aws.client("eks")
        with ignoring_missing(MISSING):
            client.delete_cluster(name=identity)
            waiter = client.get_waiter("cluster_deleted")
            waiter.wait(name=identity, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


VPC_CHANGEABLE = (
    "endpointPrivateAccess",
    "endpointPublicAccess",
    "publicAccessCidrs",
    "subnetIds",
    "securityGroupIds",
)


class Addon(Resource):
    """An add-on; its id is `cluster:name`."""

    token = "aws:eks/addon:Addon"
    takes = (
        "clusterName",
        "addonName",
        "addonVersion",
        "configurationValues",
        "serviceAccountRoleArn",
        "preserve",
        "podIdentityAssociations",
        "resolveConflictsOnCreate",
        "resolveConflictsOnUpdate",
    )
    replaces = frozenset({"clusterName", "addonName"})

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Install the add-on."""
        aws.client("eks").create_addon(
            clusterName=inputs["clusterName"],
            addonName=inputs["addonName"],
            **tags_if_any(inputs),
            **_addon(inputs, inputs.get("resolveConflictsOnCreate")),
        )
        return f"{inputs['clusterName']}:{inputs['addonName']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the add-on and the roles of its service accounts."""
        cluster, _, name = identity.partition(":")
        client = aws.client("eks")
        answer = call_or_none(client.describe_addon, MISSING, clusterName=cluster, addonName=name)
        if answer is None:
            return None
        addon = answer["addon"]
        actual = {
            "clusterName": cluster,
            "addonName": name,
            "addonVersion": addon.get("addonVersion"),
            "configurationValues": addon.get("configurationValues") or None,
            "serviceAccountRoleArn": addon.get("serviceAccountRoleArn") or None,
            "arn": addon["addonArn"],
            "createdAt": addon["createdAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "modifiedAt": addon["modifiedAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tagsAll": dict(addon.get("tags") or {}),
        }
        if state.get("podIdentityAssociations"):
            actual["podIdentityAssociations"] = [
                _identity(client, cluster, arn) for arn in addon.get("podIdentityAssociations", [])
            ]
        return actual

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change version, configuration, roles and tags."""
        if changed(old, new, *self.takes):
            aws.client("eks").update_addon(
                clusterName=new["clusterName"],
                addonName=new["addonName"],
                **_addon(new, new.get("resolveConflictsOnUpdate")),
            )
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the add-on."""
        cluster, _, name = identity.partition(":")
        with ignoring_missing(MISSING):
            aws.client("eks").delete_addon(
                clusterName=cluster, addonName=name, preserve=bool(state.get("preserve"))
            )


def _logging(inputs: Properties) -> Properties:
    enabled = inputs.get("enabledClusterLogTypes") or []
    disabled = [name for name in LOGS if name not in enabled]
    groups = [{"types": list(enabled), "enabled": True}, {"types": disabled, "enabled": False}]
    return {"clusterLogging": [group for group in groups if group["types"]]}


def _enabled_logs(logging: Any) -> list[str] | None:
    groups = (logging or {}).get("clusterLogging") or []
    return sorted(kind for group in groups if group["enabled"] for kind in group["types"]) or None


def _vpc_inputs(vpc: Properties) -> Properties:
    shown = NAMES.sdk(vpc)
    shown.pop("controlPlaneEgressMode", None)
    result: Properties = {key: value for key, value in shown.items() if value not in ([], "")}
    return result


def _addon(inputs: Properties, conflicts: str | None) -> Properties:
    names = (
        "addonVersion",
        "configurationValues",
        "serviceAccountRoleArn",
        "podIdentityAssociations",
    )
    arguments = NAMES.pick(inputs, *names)
    if conflicts:
        arguments["resolveConflicts"] = conflicts
    return arguments


def _identity(client: Any, cluster: str, arn: str) -> Properties:
    answer = client.describe_pod_identity_association(
        clusterName=cluster, associationId=arn.rpartition("/")[2]
    )["association"]
    return {"roleArn": answer["roleArn"], "serviceAccount": answer["serviceAccount"]}
