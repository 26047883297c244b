"""Specifications of EC2NodeClass and NodePool, as plain data.

Sources: https://karpenter.sh/docs/concepts/nodeclasses/ and
https://karpenter.sh/docs/concepts/nodepools/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stackyard.karpenter.config import Capacity, LimitsConfig, NodePoolConfig, PoolConfig
from stackyard.references import ClusterApiRef

if TYPE_CHECKING:
    import pulumi

CLASS_VERSION, POOL_VERSION = "karpenter.k8s.aws/v1", "karpenter.sh/v1"
"""API versions of EC2NodeClass and of NodePool."""

CAPACITY_LABEL = "karpenter.sh/capacity-type"
"""The capacity type of a node."""

TYPE_LABEL, ARCH_LABEL = "node.kubernetes.io/instance-type", "kubernetes.io/arch"

FIRST_WEIGHT = 100
"""Weight of the first way of buying; Karpenter tries the greatest first, and each next has less."""


SPOT_SECONDS = 100
"""Seconds after the warning in which the pods of a spot node have ended: AWS takes the instance 120
seconds after it, https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html."""


@dataclass(frozen=True)
class Machine:
    """The instance types, image and disks of a pool's nodes, for every capacity type."""

    types: Sequence[str]
    arm: bool
    image: str
    """Alias of the node image."""

    volume_gib: int
    labels: Mapping[str, str]
    devices: Sequence[str] = ("/dev/xvda",)
    """All disks of the image; the last one holds images and pods."""

    taints: Sequence[Mapping[str, str]] = ()
    user_data: str | None = None


@dataclass(frozen=True)
class NodeWiring:
    """The wiring that all pools of a cluster share: role, subnets, security group."""

    instance_profile: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of instances and disks."""


@dataclass(frozen=True)
class ControllerWiring:
    """The facts about its cluster that the controller needs, and who may read its metrics."""

    cluster: ClusterApiRef
    node_role_arn: pulumi.Input[str]
    """Role of the nodes, which the controller passes to instances."""

    isolated: bool = False
    """Whether the VPC has no way to the internet: prices are then those of the release."""

    scraped_from: str | None = None
    """Namespace whose pods may read its metrics; by default there is none."""

    static: bool = False
    """Whether a pool has nodes that always run, an alpha feature of Karpenter."""


@dataclass(frozen=True)
class Rung:
    """One way of buying with its limits, as `limits` of a NodePool writes them."""

    capacity: Capacity
    limits: Mapping[str, str]


def node_class(
    machine: Machine, config: PoolConfig, wiring: NodeWiring, *, pool: str
) -> dict[str, Any]:
    """Return the specification of an EC2NodeClass: IMDSv2 out of pods' reach, encrypted disks.

    A hop limit of 1 keeps pods from the node's credentials:
    https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html.
    """
    name = f"{wiring.tags.get('stackyard:stack', 'stackyard')}/{pool}"
    return {
        "amiSelectorTerms": [{"alias": machine.image}],
        "instanceProfile": wiring.instance_profile,
        "subnetSelectorTerms": [{"id": one} for one in wiring.subnet_ids],
        "securityGroupSelectorTerms": [{"id": wiring.security_group}],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpProtocolIPv6": "disabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        },
        "blockDeviceMappings": _disks(machine),
        "tags": {**wiring.tags, "Name": name},
        **({"userData": machine.user_data} if machine.user_data else {}),
        **_where(config),
    }


def _disks(machine: Machine) -> list[dict[str, Any]]:
    """Return all disks, each encrypted; a disk without a mapping would be as in the image."""
    sizes = [*([4] * (len(machine.devices) - 1)), machine.volume_gib]
    return [
        {
            "deviceName": device,
            "ebs": {
                "volumeSize": f"{size}Gi",
                "volumeType": "gp3",
                "encrypted": True,
                "deleteOnTermination": True,
            },
        }
        for device, size in zip(machine.devices, sizes, strict=True)
    ]


def _where(config: PoolConfig) -> dict[str, Any]:
    terms: dict[str, Any] = {}
    if config.reservations is not None:
        terms["capacityReservationSelectorTerms"] = config.reservations.terms
    if config.placement_group is not None:
        terms["placementGroupSelector"] = {"name": config.placement_group}
    return terms


def node_pool(
    machine: Machine, config: PoolConfig, rung: Rung, *, node_class: str
) -> dict[str, Any]:
    """Return the specification of the NodePool of one way of buying."""
    position = config.capacity.index(rung.capacity)
    return {
        "weight": FIRST_WEIGHT - 10 * position,
        "limits": dict(rung.limits),
        "disruption": _disruption(config, rung.capacity),
        "template": _template(machine, config, machine.types, rung.capacity, node_class),
    }


def static_pool(machine: Machine, config: PoolConfig, *, node_class: str) -> dict[str, Any]:
    """Return the specification of the NodePool of the nodes that always run."""
    nodes = config.static.nodes if config.static else 0
    capacity = config.capacity[0]
    return {
        "replicas": nodes,
        "limits": {"nodes": str(nodes + 1)},
        "disruption": _disruption(config, capacity),
        "template": _template(machine, config, machine.types[:1], capacity, node_class),
    }


def _ends_jobs(config: PoolConfig, capacity: Capacity) -> bool:
    """Return whether nodes end their jobs in time, as those do that AWS takes back.

    Without a grace period of the node Karpenter sends no signal to pods that must not be disturbed,
    and a job would end with its instance:
    https://karpenter.sh/docs/concepts/disruption/#terminationgraceperiod.
    """
    return capacity == "spot" and config.disruption == "when-empty"


def _disruption(config: PoolConfig, capacity: Capacity) -> dict[str, Any]:
    policies = {"when-empty": "WhenEmpty", "consolidate": "WhenEmptyOrUnderutilized"}
    minutes = config.idle_minutes
    budgets: list[dict[str, Any]] = [{"nodes": config.disrupted_at_once}]
    if _ends_jobs(config, capacity):
        # Drift would end jobs as well, so these nodes are replaced when they are empty.
        budgets.append({"nodes": "0", "reasons": ["Drifted"]})
    return {
        "consolidationPolicy": policies[config.disruption],
        "consolidateAfter": f"{minutes}m" if minutes else "0s",
        "budgets": budgets,
    }


def _template(
    machine: Machine, config: PoolConfig, types: Sequence[str], capacity: Capacity, node_class: str
) -> dict[str, Any]:
    grace = {"terminationGracePeriod": f"{SPOT_SECONDS}s"} if _ends_jobs(config, capacity) else {}
    requirements = {
        TYPE_LABEL: list(types),
        ARCH_LABEL: ["arm64" if machine.arm else "amd64"],
        "kubernetes.io/os": ["linux"],
        CAPACITY_LABEL: [capacity],
    }
    return {
        "metadata": {"labels": dict(machine.labels)},
        "spec": {
            "nodeClassRef": {
                "group": CLASS_VERSION.partition("/")[0],
                "kind": "EC2NodeClass",
                "name": node_class,
            },
            "requirements": [
                {"key": key, "operator": "In", "values": values}
                for key, values in requirements.items()
            ],
            **({"taints": [dict(one) for one in machine.taints]} if machine.taints else {}),
            "expireAfter": f"{24 * config.expire_after_days}h",
            **grace,
        },
    }


def general_rungs(config: NodePoolConfig) -> list[Rung]:
    """Return the ways of buying of a pool without GPUs, each with its limits."""
    return [
        Rung(kind, _quantities(config.capacity_limits.get(kind, config.limits)))
        for kind in config.capacity
    ]


def _quantities(limits: LimitsConfig) -> dict[str, str]:
    return {"cpu": str(limits.cpu), "memory": limits.memory}
