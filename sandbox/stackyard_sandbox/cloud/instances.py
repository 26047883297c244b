"""Lets EC2 instances join their clusters as fake nodes, and takes the nodes of ended ones.

This stands for the kubelet of an instance and for the cloud controller manager of its cluster.
"""

import base64
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance

from stackyard_sandbox.cloud import node_config
from stackyard_sandbox.cloud.eks_cluster import EksCluster
from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.cloud.moto_patches import fleets
from stackyard_sandbox.cloud.node_config import NodeConfig
from stackyard_sandbox.cloud.node_groups import capacity
from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.control_plane.api import Api
from stackyard_sandbox.state import ACCOUNT

BOOT = timedelta(seconds=2)
"""From the launch of an instance to its node; a real one takes about a minute."""

_JOINING = ("EC2", "EC2_LINUX")
"""Types of access entries that nodes may join with.

https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
"""

_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
_FAKE = "kwok.x-k8s.io/node"
_PLUGIN = "device-plugin"
"""In the name of the image of every vendor's device plugin."""

EFA = "vpc.amazonaws.com/efa"
"""What AWS's device plugin for EFA offers, and none of the others."""

_refused: set[str] = set()
"""Instances of which the log says already that they do not join."""

log = logging.getLogger(__name__)


def reconcile(fleet: Fleet, cluster: EksCluster) -> None:
    """Make the nodes of running instances that lack one; delete those without an instance."""
    plane, api = fleet.plane(cluster), fleet.api(cluster)
    running = {_provider_id(each): each for each in _running(cluster)}
    nodes = {node["spec"].get("providerID", ""): node for node in api.get("/api/v1/nodes")["items"]}
    for identity, node in nodes.items():
        gone = identity.startswith("aws:///") and identity not in running
        if gone and "deletionTimestamp" not in node["metadata"]:
            plane.remove_node(node["metadata"]["name"])
    for identity, instance in running.items():
        node = nodes.get(identity, {"metadata": {}})
        if _FAKE in node["metadata"].get("annotations", {}):
            _plug(plane, api, node, instance)
            continue
        config = _config(instance)
        if config and config.cluster == cluster.name and _may_join(instance, cluster):
            plane.add_node(
                instance.private_dns_name,
                {**config.labels, **_labels(instance)},
                config.taints,
                _capacity(instance, devices=_brings_plugin(instance)),
                identity,
            )


def _running(cluster: EksCluster) -> list[Instance]:
    """The instances of the cluster's region that have had the time to boot."""
    backend = ec2_backends[ACCOUNT][str(cluster.arn).split(":")[3]]
    return [
        instance
        for instance in backend.all_running_instances()
        if utcnow() - instance.launch_time.replace(tzinfo=None) >= BOOT
    ]


def _provider_id(instance: Instance) -> str:
    return f"aws:///{instance.availability_zone}/{instance.id}"


def _config(instance: Instance) -> NodeConfig | None:
    if not instance.user_data:
        return None
    return node_config.read(base64.b64decode(str(instance.user_data)).decode())


def _may_join(instance: Instance, cluster: EksCluster) -> bool:
    """Whether the role of the instance's profile has an access entry for nodes."""
    backend = instance.ec2_backend
    association = backend.iam_instance_profile_associations.get(instance.id)
    roles = association.iam_instance_profile.roles if association else []
    if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
        return bool(roles)
    entries = [cluster.access_entries.get(role.arn, {}) for role in roles]
    if any(entry.get("type") in _JOINING for entry in entries):
        return True
    if instance.id not in _refused:
        _refused.add(instance.id)
        log.warning("%s does not join %s: no access entry for its role", instance.id, cluster.name)
    return False


def _labels(instance: Instance) -> dict[str, str]:
    (arch,) = INSTANCE_TYPES[instance.instance_type]["ProcessorInfo"]["SupportedArchitectures"][-1:]
    zone = instance.ec2_backend.get_zone_by_name(instance.availability_zone)
    return {
        "kubernetes.io/arch": _ARCHITECTURES[arch],
        "node.kubernetes.io/instance-type": instance.instance_type,
        "topology.kubernetes.io/region": str(instance.region_name),
        "topology.kubernetes.io/zone": str(instance.availability_zone),
        "topology.k8s.aws/zone-id": str(zone.zone_id),
    }


def _plug(plane: ControlPlane, api: Api, node: dict[str, Any], instance: Instance) -> None:
    """Give a node its devices once a device plugin runs on it.

    https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins
    """
    whole = _capacity(instance, devices=True) | _interfaces(instance)
    has = node["status"].get("capacity", {})
    if whole.keys() <= has.keys():
        return
    selector = quote(f"spec.nodeName={node['metadata']['name']},status.phase=Running", safe="")
    pods = api.get(f"/api/v1/pods?fieldSelector={selector}")["items"]
    images = [each["image"] for pod in pods for each in pod["spec"]["containers"]]
    plugins = {"efa" in image for image in images if _PLUGIN in image}
    offered = {key: size for key, size in whole.items() if key in has or (key == EFA) in plugins}
    if offered.keys() != whole.keys() & has.keys():
        plane.set_capacity(node["metadata"]["name"], offered)


def _brings_plugin(instance: Instance) -> bool:
    """Bottlerocket's images for NVIDIA GPUs have a device plugin in them.

    https://bottlerocket.dev/en/os/latest/version-information/variants
    """
    image = instance.ec2_backend.amis.get(instance.image_id)
    return image is not None and str(image.name).startswith("bottlerocket-")


def _capacity(instance: Instance, *, devices: bool) -> dict[str, str]:
    sizes = [volume.size for _, volume in instance.get_block_device_mapping if volume.size]
    storage = {"ephemeral-storage": f"{max(map(int, sizes))}Gi"} if sizes else {}
    whole = capacity(instance.instance_type) | storage
    return {key: amount for key, amount in whole.items() if devices or "." not in key}


def _interfaces(instance: Instance) -> dict[str, str]:
    """Its EFA interfaces, as many as the launch template asked for."""
    count = fleets.efa_interfaces(instance)
    return {EFA: str(count)} if count else {}
