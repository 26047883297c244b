"""Imitates the cluster autoscaler: adds and removes fake nodes by pending pods.

The real one (github.com/kubernetes/autoscaler) simulates the scheduler. This one knows what the
pods of a machine learning project use: requests, node selectors, required node affinity, taints and
tolerations. It adds nodes for pods that the real scheduler has given up on, up to a group's
maximum, and takes nodes that stay idle, down to its minimum. As with the real one, the desired size
in the EKS API follows.
"""

import logging
import threading
import time
from typing import Any

from moto.eks.models import Nodegroup

from stackyard_sandbox.cloud import node_groups, rbac, unnoticed_pods
from stackyard_sandbox.cloud.eks_cluster import EksCluster
from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.cloud.node_groups import Shape, shape_of
from stackyard_sandbox.cloud.pods import Amounts, accepts, amounts, fits, requests, tolerates
from stackyard_sandbox.control_plane.api import Api

PAUSE = 1.0
"""Seconds between two looks at the clusters."""

SETTLING = 5.0
"""Seconds that the scheduler is given to use a new node before another one is added for a pod."""

IDLE = 30.0
"""Seconds without a pod after which a node is taken; the real default is 10 minutes."""

Pod = dict[str, Any]

log = logging.getLogger(__name__)


def run(fleet: Fleet, ended: threading.Event) -> None:
    """Look at every cluster again and again until told to end."""
    scalers: dict[str, Autoscaler] = {}
    while not ended.wait(PAUSE):
        for cluster in fleet.clusters():
            scaler = scalers.setdefault(cluster.plane_id, Autoscaler(fleet))
            try:
                scaler.look(cluster)
                unnoticed_pods.nudge(fleet.api(cluster))
                if rbac.namespaced(cluster.access_policies):
                    fleet.grant(cluster)
            except Exception as error:  # a cluster that is just stopping must not end the loop
                log.warning("%s: %r", cluster.name, error)


class Autoscaler:
    """What one cluster's autoscaler remembers between two looks."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._added: dict[str, float] = {}
        self._idle_since: dict[str, float] = {}

    def look(self, cluster: EksCluster) -> None:
        """Add what is missing, take what is idle."""
        groups = [
            group
            for group in [*cluster.nodegroups.values()]
            if group.scaling_config["minSize"] < group.scaling_config["maxSize"]
        ]
        if not groups:
            return
        api = self._fleet.api(cluster)
        self._grow(cluster, groups, api)
        self._shrink(cluster, groups, api)

    def _grow(self, cluster: EksCluster, groups: list[Nodegroup], api: Api) -> None:
        now = time.monotonic()
        self._added = {node: at for node, at in self._added.items() if now - at < SETTLING}
        pending = api.get("/api/v1/pods?fieldSelector=status.phase%3DPending")["items"]
        waiting = [pod for pod in pending if _unschedulable(pod)]
        # The rooms of nodes that the scheduler has not used yet: one is enough for many pods.
        rooms = [
            (group, dict(amounts(shape_of(group).capacity)))
            for group in groups
            for node in self._added
            if node.rpartition("-")[0] == group.nodegroup_name
        ]
        for pod in waiting:
            wanted = requests(pod)
            if any(_placed(pod, wanted, group, room) for group, room in rooms):
                continue
            if group := _cheapest(pod, wanted, groups):
                self._add(cluster, group, api)
                rooms.append((group, dict(amounts(shape_of(group).capacity))))
                _placed(pod, wanted, *rooms[-1])

    def _add(self, cluster: EksCluster, group: Nodegroup, api: Api) -> None:
        with self._fleet.counting:
            before = {node["metadata"]["name"] for node in self._nodes(group, api)}
            group.scaling_config["desiredSize"] += 1
            self._fleet.scale(cluster, group)
            after = {node["metadata"]["name"] for node in self._nodes(group, api)}
        self._added |= dict.fromkeys(after - before, time.monotonic())

    def _shrink(self, cluster: EksCluster, groups: list[Nodegroup], api: Api) -> None:
        now = time.monotonic()
        busy = _busy(api)
        idle = {
            node["metadata"]["name"]: group
            for group in groups
            for node in self._nodes(group, api)
            if node["metadata"]["name"] not in busy
        }
        self._idle_since = {node: self._idle_since.get(node, now) for node in idle}
        for node, since in self._idle_since.items():
            sizes = idle[node].scaling_config
            if now - since > IDLE and sizes["desiredSize"] > sizes["minSize"]:
                with self._fleet.counting:
                    self._fleet.plane(cluster).remove_node(node)
                    sizes["desiredSize"] -= 1

    def _nodes(self, group: Nodegroup, api: Api) -> list[dict[str, Any]]:
        return node_groups.nodes_of(api, group.nodegroup_name)


def _unschedulable(pod: Pod) -> bool:
    return any(
        condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable"
        for condition in pod["status"].get("conditions", [])
    )


def _suits(pod: Pod, shape: Shape) -> bool:
    return tolerates(pod, shape.taints) and accepts(pod, shape.labels_of(0))


def _placed(pod: Pod, wanted: Amounts, group: Nodegroup, room: Amounts) -> bool:
    """Take the pod's share of a room, if it can go there."""
    if not (_suits(pod, shape_of(group)) and fits(wanted, room)):
        return False
    for resource, amount in wanted.items():
        room[resource] -= amount
    return True


def _cheapest(pod: Pod, wanted: Amounts, groups: list[Nodegroup]) -> Nodegroup | None:
    """The group with the smallest nodes that would take the pod and may still grow."""
    candidates = []
    for group in groups:
        shape, sizes = shape_of(group), group.scaling_config
        room = amounts(shape.capacity)
        if sizes["desiredSize"] < sizes["maxSize"] and _suits(pod, shape) and fits(wanted, room):
            size = (room.get("nvidia.com/gpu", 0), room["cpu"], room["memory"])
            candidates.append((size, group.nodegroup_name, group))
    return min(candidates, key=lambda each: each[:2])[2] if candidates else None


def _busy(api: Api) -> set[str]:
    """Nodes with a pod that would have to go somewhere else: not finished, not of a DaemonSet."""
    return {
        pod["spec"]["nodeName"]
        for pod in api.get("/api/v1/pods")["items"]
        if pod["spec"].get("nodeName")
        and pod["status"].get("phase") not in ("Succeeded", "Failed")
        and not any(
            owner["kind"] == "DaemonSet" for owner in pod["metadata"].get("ownerReferences", [])
        )
    }
