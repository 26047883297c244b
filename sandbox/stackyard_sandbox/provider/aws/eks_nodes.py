"""EKS managed node groups.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/eks/nodegroup/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.eks_cluster import MISSING, TAGS
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    call_or_none,
    changed,
    ignoring_missing,
    tags_if_any,
)
from stackyard_sandbox.provider.protocol import Properties

NAMES = Casing(
    names={
        "nodeGroupName": "nodegroupName",
        "nodeRoleArn": "nodeRole",
        "subnetIds": "subnets",
        "sourceSecurityGroupIds": "sourceSecurityGroups",
    },
    maps=frozenset({"labels"}),
    lower=True,
)
SETTINGS = (
    "clusterName",
    "nodeGroupName",
    "nodeRoleArn",
    "subnetIds",
    "scalingConfig",
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "labels",
    "launchTemplate",
    "remoteAccess",
    "taints",
    "updateConfig",
    "nodeRepairConfig",
    "version",
    "releaseVersion",
)
FIXED = (
    "clusterName",
    "nodeGroupName",
    "nodeGroupNamePrefix",
    "nodeRoleArn",
    "subnetIds",
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "remoteAccess",
    "launchTemplate.id",
    "launchTemplate.name",
)


class NodeGroup(Resource):
    """A pool of nodes; its id is `cluster:name`."""

    token = "aws:eks/nodeGroup:NodeGroup"
    takes = (*SETTINGS, "nodeGroupNamePrefix", "forceUpdateVersion")
    replaces = frozenset(FIXED)
    autoname = Autoname("nodeGroupName", limit=63)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the pool."""
        aws.client("eks").create_nodegroup(**tags_if_any(inputs), **NAMES.pick(inputs, *SETTINGS))
        return f"{inputs['clusterName']}:{inputs['nodeGroupName']}"

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Wait until the nodes have joined."""
        waiter = aws.client("eks").get_waiter("nodegroup_active")
        waiter.wait(
            clusterName=inputs["clusterName"],
            nodegroupName=inputs["nodeGroupName"],
            WaiterConfig={"Delay": 1, "MaxAttempts": 120},
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the pool."""
        cluster, _, name = identity.partition(":")
        call = aws.client("eks").describe_nodegroup
        answer = call_or_none(call, MISSING, clusterName=cluster, nodegroupName=name)
        if answer is None:
            return None
        group = answer["nodegroup"]
        members = [NAMES.api_name(key) for key in SETTINGS]
        actual: Properties = NAMES.sdk({member: group.get(member) for member in members})
        resources = group.get("resources") or {}
        scaling = resources.get("autoScalingGroups") or []
        return {
            **actual,
            "labels": actual.get("labels") or None,
            "taints": actual.get("taints") or None,
            "launchTemplate": _template(actual.get("launchTemplate"), state),
            "arn": group["nodegroupArn"],
            "status": group["status"],
            "resources": [{"autoscalingGroups": scaling}],
            "tagsAll": dict(group.get("tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change sizes, repair, labels, taints, version and tags."""
        client = aws.client("eks")
        where = {"clusterName": new["clusterName"], "nodegroupName": new["nodeGroupName"]}
        settings = ("scalingConfig", "updateConfig", "nodeRepairConfig")
        if changed(old, new, "labels", "taints", *settings):
            arguments = NAMES.pick(new, *settings)
            if changed(old, new, "labels"):
                arguments["labels"] = _label_changes(old, new)
            if changed(old, new, "taints"):
                arguments["taints"] = _taint_changes(old, new)
            client.update_nodegroup_config(**where, **arguments)
        if changed(old, new, "version", "releaseVersion", "launchTemplate"):
            arguments = NAMES.pick(new, "version", "releaseVersion", "launchTemplate")
            client.update_nodegroup_version(**where, **arguments)
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the pool and wait for the deletion of its nodes."""
        cluster, _, name = identity.partition(":")
        client = aws.client("eks")
        with ignoring_missing(MISSING):
            client.delete_nodegroup(clusterName=cluster, nodegroupName=name)
            waiter = client.get_waiter("nodegroup_deleted")
            waiter.wait(
                clusterName=cluster,
                nodegroupName=name,
                WaiterConfig={"Delay": 1, "MaxAttempts": 120},
            )


def _template(shown: Properties | None, state: Properties) -> Properties | None:
    """Keep the program's reference to a template: EKS returns its id and its name."""
    recorded = state.get("launchTemplate")
    if not shown or not isinstance(recorded, dict):
        return shown
    return {key: value for key, value in shown.items() if key in recorded}


def _label_changes(old: Properties, new: Properties) -> Properties:
    before, after = old.get("labels") or {}, new.get("labels") or {}
    return {
        "addOrUpdateLabels": dict(after),
        "removeLabels": sorted(before.keys() - after.keys()),
    }


def _taint_changes(old: Properties, new: Properties) -> Properties:
    before, after = old.get("taints") or [], new.get("taints") or []
    return {
        "addOrUpdateTaints": [taint for taint in after if taint not in before],
        "removeTaints": [taint for taint in before if taint not in after],
    }
