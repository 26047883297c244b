"""Creates the fake nodes of managed node groups: labels, taints, instance sizes."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.eks.models import Nodegroup

from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.control_plane.api import Api
from stackyard_sandbox.state import ACCOUNT

GROUP_LABEL = "eks.amazonaws.com/nodegroup"

_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}


@dataclass(frozen=True)
class Shape:
    """What every node of a group is like."""

    labels: dict[str, str]
    taints: tuple[dict[str, str], ...]
    capacity: dict[str, str]
    zones: tuple[str, ...]

    def labels_of(self, index: int) -> dict[str, str]:
        """The labels of one node; the zones take turns."""
        if not self.zones:
            return self.labels
        return {**self.labels, "topology.kubernetes.io/zone": self.zones[index % len(self.zones)]}


def shape_of(group: Nodegroup) -> Shape:
    """What the nodes of a group are like, by its settings and the emulator's instance types."""
    instance = instance_type(group)
    labels = {
        **group.labels,
        GROUP_LABEL: group.nodegroup_name,
        "eks.amazonaws.com/capacityType": group.capacity_type,
        "node.kubernetes.io/instance-type": instance,
        "topology.kubernetes.io/region": group.region,
    }
    taints = tuple(
        {
            "key": taint["key"],
            "value": taint.get("value") or "",
            "effect": _EFFECTS[taint["effect"]],
        }
        for taint in group.taints
    )
    return Shape(labels, taints, capacity(instance), _zones(group))


def instance_type(group: Nodegroup) -> str:
    """The first instance type of a group; that of its launch template if it names one."""
    if template := group.launch_template:
        ec2 = ec2_backends[ACCOUNT][group.region]
        version = ec2.get_launch_template(template["id"]).get_version(template.get("version", "1"))
        if named := version.data.get("InstanceType"):
            return str(named)
    return str(group.instance_types[0])


def capacity(instance: str) -> dict[str, str]:
    """CPU, memory and NVIDIA GPUs of an instance type, in Kubernetes' units."""
    facts = INSTANCE_TYPES[instance]
    amounts = {
        "cpu": str(facts["VCpuInfo"]["DefaultVCpus"]),
        "memory": f"{facts['MemoryInfo']['SizeInMiB']}Mi",
    }
    gpus = facts.get("GpuInfo", {}).get("Gpus", [])
    count = sum(gpu["Count"] for gpu in gpus if gpu.get("Manufacturer") == "NVIDIA")
    return amounts | ({"nvidia.com/gpu": str(count)} if count else {})


def nodes_of(api: Api, group: str) -> list[dict[str, Any]]:
    """The nodes of a group in the cluster, by index."""
    selector = quote(f"{GROUP_LABEL}={group}", safe="")
    items = api.get(f"/api/v1/nodes?labelSelector={selector}")["items"]
    return sorted(items, key=lambda node: index_of(node["metadata"]["name"]))


def index_of(node: str) -> int:
    """The number at the end of a node's name."""
    return int(node.rpartition("-")[2])


def reconcile(plane: ControlPlane, api: Api, group: Nodegroup) -> None:
    """Make as many nodes as desired, with the group's labels and taints; the last ones go first."""
    name, desired, shape = (
        group.nodegroup_name,
        group.scaling_config["desiredSize"],
        shape_of(group),
    )
    present = [node["metadata"]["name"] for node in nodes_of(api, name)]
    for surplus in present[desired:]:
        plane.remove_node(surplus)
    kept = {index_of(node) for node in present[:desired]}
    free = (index for index in range(desired) if index not in kept)
    for index in sorted([*kept, *(next(free) for _ in range(desired - len(kept)))]):
        plane.add_node(f"{name}-{index}", shape.labels_of(index), shape.taints, shape.capacity)


def remove_all(plane: ControlPlane, api: Api, group: str) -> None:
    """Delete every node of a group."""
    for node in nodes_of(api, group):
        plane.remove_node(node["metadata"]["name"])


def _zones(group: Nodegroup) -> tuple[str, ...]:
    ec2 = ec2_backends[ACCOUNT][group.region]
    known = {subnet.id: subnet.availability_zone for subnet in ec2.describe_subnets()}
    return tuple(known[subnet] for subnet in group.subnets if subnet in known)
