"""EKS managed node groups; their nodes are fake nodes in the cluster's control plane."""

from moto.core.responses import ActionResult
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.eks.models import Nodegroup

from stackyard_sandbox.cloud.eks.clusters import Clusters
from stackyard_sandbox.cloud.eks.request import invalid_parameter, invalid_request
from stackyard_sandbox.cloud.eks_cluster import Item
from stackyard_sandbox.cloud.iam.service_roles import names

NODES = "ec2.amazonaws.com"
_SIZES = ("minSize", "maxSize", "desiredSize")


class NodeGroups(Clusters):
    """The operations."""

    def create_nodegroup(self) -> ActionResult:
        """Make a group and its nodes."""
        asked = self.parameters()
        cluster = self.cluster(asked["clusterName"])
        for instance in asked.get("instanceTypes") or []:
            if instance not in INSTANCE_TYPES:
                raise invalid_parameter(
                    f"The following supplied instance types do not exist: [{instance}]",
                    cluster.name,
                )
        _check_sizes(asked.get("scalingConfig") or {}, cluster.name)
        if not names(self.current_account, asked["nodeRole"], NODES, "sts:AssumeRole"):
            raise invalid_parameter(
                f"Following required service principals [{NODES}] were not found in the trust "
                f"relationships of nodeRole {asked['nodeRole']}",
                cluster.name,
            )
        super().create_nodegroup()
        group = self._group(cluster.name, asked["nodegroupName"])
        _correct(group, asked, cluster.version)
        self.fleet.scale(cluster, group)
        if cluster.access_config["authenticationMode"] != "CONFIG_MAP":
            self._admit_nodes(group)
        return ActionResult({"nodegroup": group})

    def update_nodegroup_config(self) -> ActionResult:
        """Change sizes, labels or taints; the nodes follow."""
        asked = self.parameters()
        cluster = self.cluster(asked["clusterName"])
        group = self._group(cluster.name, asked["nodegroupName"])
        _check_sizes(group.scaling_config | (asked.get("scalingConfig") or {}), cluster.name)
        super().update_nodegroup_config()
        if repair := asked.get("nodeRepairConfig"):
            group.node_repair_config = repair
        self.fleet.scale(cluster, group)
        given = {key: asked[key] for key in asked if key not in ("clusterName", "nodegroupName")}
        return self.update_of(cluster, "ConfigUpdate", given)

    def update_nodegroup_version(self) -> ActionResult:
        """Record another version or launch template version; the nodes follow."""
        asked = self.parameters()
        cluster = self.cluster(asked["clusterName"])
        group = self._group(cluster.name, asked["nodegroupName"])
        group.version = asked.get("version") or cluster.version
        group.release_version = asked.get("releaseVersion") or group.release_version
        if template := asked.get("launchTemplate"):
            group.launch_template = (group.launch_template or {}) | template
        self.fleet.scale(cluster, group)
        return self.update_of(cluster, "VersionUpdate", {"Version": group.version})

    def list_nodegroups(self) -> ActionResult:
        """List the names, all on one page."""
        cluster = self.cluster(self.parameters()["clusterName"])
        return ActionResult({"nodegroups": sorted(cluster.nodegroups)})

    def delete_nodegroup(self) -> ActionResult:
        """Delete a group, its nodes and the pods on them."""
        asked = self.parameters()
        answer = super().delete_nodegroup()
        self.fleet.remove_nodes(self.cluster(asked["clusterName"]), asked["nodegroupName"])
        return answer

    def _group(self, cluster: str, name: str) -> Nodegroup:
        return self.eks_backend.describe_nodegroup(cluster, name)

    def _admit_nodes(self, group: Nodegroup) -> None:
        """Give the nodes' role an entry, as EKS does when a managed node group is made."""
        cluster = self.cluster(group.cluster_name)
        if group.node_role not in cluster.access_entries:
            entry = self.admit(cluster, group.node_role, {"type": "EC2_LINUX"})
            entry["kubernetesGroups"] = ["system:nodes"]
            entry["username"] = "system:node:{{EC2PrivateDNSName}}"


def _correct(group: Nodegroup, asked: Item, version: str) -> None:
    """Put what the emulator drops, and the API's defaults where the emulator has its own."""
    # The emulator shares one dictionary of defaults between all groups.
    group.scaling_config = dict(group.scaling_config)
    group.version = asked.get("version") or version
    group.release_version = asked.get("releaseVersion") or f"{group.version}.0-sandbox"
    group.ami_type = asked.get("amiType") or "AL2023_x86_64_STANDARD"
    group.update_config = asked.get("updateConfig") or {"maxUnavailable": 1}
    group.node_repair_config = asked.get("nodeRepairConfig")
    vars(group)["remote_access"] = asked.get("remoteAccess")
    if asked.get("launchTemplate"):
        vars(group)["disk_size"] = None


def _check_sizes(sizes: Item, cluster: str) -> None:
    if not all(size in sizes for size in _SIZES):
        return
    low, high, desired = (sizes[size] for size in _SIZES)
    if not low <= desired <= high:
        raise invalid_parameter(
            f"desired capacity {desired} must be between minSize {low} and maxSize {high}", cluster
        )
    if high < 1:
        raise invalid_request("maxSize must be at least 1", cluster)
