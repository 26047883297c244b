"""The real Karpenter in the sandbox: nodes for pods, within rights, caps and capacity."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client

from stackyard.karpenter.drift import NODE_CLASS, NODE_POOL, replaced_by
from stackyard_sandbox.state import Sandbox
from tests.support.clients import REGION, Clients

from .karpenter_cluster import KarpenterCluster
from .karpenter_declared import plugin, statements
from .karpenter_pods import until

CLASSES = "ec2nodeclasses"
EXHAUSTED = "sandbox.stackyard.dev/exhausted"
QUIET = 20.0
"""Seconds in which nothing happens where nothing may: a node takes about eight."""


@pytest.fixture(scope="module")
def cluster(sandbox: Sandbox, aws: Clients) -> KarpenterCluster:
    """A cluster with Karpenter and one pool, both ready."""
    made = KarpenterCluster(sandbox, aws)
    made.ready_pool("gpu", ["g5.xlarge", "g5.2xlarge"])
    return made


@pytest.fixture
def pods(cluster: KarpenterCluster) -> Iterator[Callable[..., None]]:
    """Make GPU pods; in the end they are deleted, and their nodes go."""
    yield from cluster.gpu_pods()


def test_a_pod_starts_a_node_of_the_cheapest_type_and_an_idle_node_goes(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    assert cluster.nodes("gpu") == []
    pods("train")
    until(cluster.runs("train"))
    (node,) = cluster.nodes("gpu")
    (instance,) = cluster.instances()
    (claim,) = cluster.claims("gpu")
    assert node.spec.provider_id == claim["status"]["providerID"]
    assert node.spec.provider_id.endswith(instance["InstanceId"])
    assert node.metadata.name == instance["PrivateDnsName"]
    assert node.metadata.labels["node.kubernetes.io/instance-type"] == "g5.xlarge"
    assert node.metadata.labels["pool"] == "gpu"
    assert node.status.capacity["nvidia.com/gpu"] == "1"
    assert [(taint.key, taint.effect) for taint in node.spec.taints] == [
        ("nvidia.com/gpu", "NoSchedule")
    ]
    assert instance["IamInstanceProfile"]["Arn"].endswith("/karpenter-node")
    assert {group["GroupId"] for group in instance["SecurityGroups"]} == {cluster.group}
    cluster.core.delete_namespaced_pod("train", "default", grace_period_seconds=0)
    until(lambda: not cluster.nodes("gpu"))
    until(lambda: not cluster.instances())
    until(lambda: not cluster.claims("gpu"))  # the last to go


def test_the_limit_of_a_pool_holds(cluster: KarpenterCluster, pods: Callable[..., None]) -> None:
    for index in range(3):
        pods(f"share-{index}")
    until(lambda: sum(cluster.runs(f"share-{index}")() for index in range(3)) == 2)
    time.sleep(QUIET)
    assert len(cluster.instances()) == 2
    assert sorted(cluster.phase(f"share-{index}") for index in range(3)) == [
        "Pending",
        "Running",
        "Running",
    ]


def test_a_zone_without_capacity_leads_to_the_next_zone(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    first, _ = cluster.subnets
    ec2 = cluster.aws("ec2")
    ec2.create_tags(Resources=[first], Tags=[{"Key": EXHAUSTED, "Value": "g5.*"}])
    try:
        pods("zoned")
        until(cluster.runs("zoned"))
        (instance,) = cluster.instances()
        assert instance["Placement"]["AvailabilityZone"] == f"{REGION}b"
    finally:
        ec2.delete_tags(Resources=[first], Tags=[{"Key": EXHAUSTED}])


def test_reserved_capacity_is_used_before_on_demand(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    reserved = cluster.aws("ec2").create_capacity_reservation(
        InstanceType="g6.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone=f"{REGION}a",
        InstanceCount=1,
        InstanceMatchCriteria="targeted",
    )["CapacityReservation"]["CapacityReservationId"]
    terms = [{"id": reserved}]
    cluster.node_class("reserved", capacityReservationSelectorTerms=terms)
    cluster.node_pool("reserved", "reserved", ["g6.xlarge"], capacity=["reserved", "on-demand"])
    cluster.until_ready("reserved")
    for index in range(2):
        pods(f"rung-{index}", "reserved")
    until(lambda: all(cluster.runs(f"rung-{index}")() for index in range(2)))
    kinds = [
        node.metadata.labels["karpenter.sh/capacity-type"] for node in cluster.nodes("reserved")
    ]
    assert sorted(kinds) == ["on-demand", "reserved"]
    found = [each.get("CapacityReservationId") for each in cluster.instances()]
    assert sorted(found, key=str) == sorted([None, reserved], key=str)


def test_an_interrupted_spot_instance_is_replaced(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    cluster.ready_pool("spot", ["g5.xlarge"], capacity=["spot"])
    pods("spotted", "spot")
    until(cluster.runs("spotted"))
    (instance,) = cluster.instances()
    assert instance["InstanceLifecycle"] == "spot"
    cluster.interrupt(instance["InstanceId"])
    until(
        lambda: instance["InstanceId"] not in [each["InstanceId"] for each in cluster.instances()]
    )


def without(sid: str) -> list[dict[str, Any]]:
    """The role's statements less one."""
    return [each for each in statements() if each["Sid"] != sid]


@pytest.mark.parametrize(
    ("sid", "reason"),
    [
        ("Make", "CreateLaunchTemplateAuthCheckFailed"),
        ("Use", "CreateFleetAuthCheckFailed"),
        ("Pass", "CreateFleetAuthCheckFailed"),
    ],
)
def test_a_missing_right_of_the_role_is_found_before_a_pod_asks(
    cluster: KarpenterCluster, sid: str, reason: str
) -> None:
    cluster.allow(without(sid))
    name = f"less-{sid.lower()}"
    try:
        cluster.node_class(name)
        cluster.node_pool(name, name, ["g5.xlarge"])
        found = until(lambda: failed(cluster, name))
        assert found["reason"] == reason
        assert "UnauthorizedOperation" in found["message"] or "not authorized" in found["message"]
    finally:
        cluster.allow(statements())
        cluster.remove(name)


def test_a_class_that_goes_leaves_the_profile_to_its_owner(cluster: KarpenterCluster) -> None:
    cluster.ready_pool("passing", ["g5.xlarge"])
    cluster.remove("passing")
    until(lambda: "passing" not in cluster.classes())
    profile = cluster.aws("iam").get_instance_profile(InstanceProfileName="karpenter-node")
    assert [role["RoleName"] for role in profile["InstanceProfile"]["Roles"]] == ["karpenter-node"]


def failed(cluster: KarpenterCluster, name: str) -> Any:
    found = cluster.conditions(name).get("ValidationSucceeded", {})
    return found if found.get("status") == "False" and "Await" not in found["message"] else None


def test_a_missing_right_of_the_cluster_role_makes_no_node(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    whole = cluster.rbac.read_cluster_role("karpenter-core")
    less = copy.deepcopy(whole)
    for rule in less.rules:
        if "nodeclaims" in rule.resources and "create" in rule.verbs:
            rule.verbs.remove("create")
    less.metadata.resource_version = None
    cluster.rbac.replace_cluster_role("karpenter-core", less)
    try:
        pods("forbidden")
        time.sleep(QUIET)
        assert (cluster.claims("gpu"), cluster.instances()) == ([], [])
    finally:
        whole.metadata.resource_version = None
        cluster.rbac.replace_cluster_role("karpenter-core", whole)
    until(cluster.runs("forbidden"))


def test_an_instance_whose_role_has_no_access_entry_does_not_join(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    eks = cluster.aws("eks")
    eks.delete_access_entry(clusterName="dev", principalArn=cluster.node_role)
    try:
        pods("stranger")
        until(cluster.instances)
        time.sleep(QUIET / 2)
        assert (cluster.nodes("gpu"), cluster.phase("stranger")) == ([], "Pending")
    finally:
        eks.create_access_entry(clusterName="dev", principalArn=cluster.node_role, type="EC2_LINUX")
    until(cluster.runs("stranger"))


def test_a_node_has_no_gpus_before_a_device_plugin_runs_on_it(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    apps = client.AppsV1Api(cluster.api)
    apps.delete_namespaced_daemon_set("nvidia-device-plugin", "kube-system")
    try:
        pods("unplugged")
        (node,) = until(lambda: cluster.nodes("gpu"))
        time.sleep(QUIET / 2)
        assert cluster.phase("unplugged") == "Pending"
        assert "nvidia.com/gpu" not in cluster.nodes("gpu")[0].status.capacity
    finally:
        apps.create_namespaced_daemon_set("kube-system", plugin())
    until(cluster.runs("unplugged"))
    assert cluster.core.read_node(node.metadata.name).status.capacity["nvidia.com/gpu"] == "1"


def test_a_changed_image_replaces_nodes_but_not_under_a_pod_that_must_not_be_disturbed(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    cluster.ready_pool("drifting", ["g5.xlarge"])
    pods("training", "drifting", undisturbed=True)
    until(cluster.runs("training"))
    (before,) = cluster.instances()
    cluster.custom.patch_cluster_custom_object(
        *("karpenter.k8s.aws", "v1", "ec2nodeclasses", "drifting"),
        {"spec": {"amiSelectorTerms": [{"alias": "al2023@v20260505"}]}},
    )
    until(lambda: cluster.drifts("drifting"))
    time.sleep(QUIET)
    assert [each["InstanceId"] for each in cluster.instances()] == [before["InstanceId"]]
    assert cluster.phase("training") == "Running"


REQUIREMENTS = "spec.template.spec.requirements"


def requirement(*types: str) -> list[dict[str, Any]]:
    """The requirements of a pool of these types."""
    listed = {
        "node.kubernetes.io/instance-type": list(types),
        "karpenter.sh/capacity-type": ["on-demand"],
    }
    return [{"key": key, "operator": "In", "values": each} for key, each in listed.items()]


def change(cluster: KarpenterCluster, kind: str, path: str, value: Any) -> Any:
    """Set a field of the object `table` of a kind; return what it was."""
    group, plural = (
        ("karpenter.sh", "nodepools") if kind == NODE_POOL else ("karpenter.k8s.aws", CLASSES)
    )
    where = (group, "v1", plural, "table")
    before: Any = cluster.custom.get_cluster_custom_object(*where)
    body = value
    for part in path.split("."):
        before = (before or {}).get(part)
    for part in reversed(path.split(".")):
        body = {part: body}
    cluster.custom.patch_cluster_custom_object(*where, body)
    return before


def test_a_field_that_the_table_calls_replacing_makes_karpenter_replace(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    cluster.ready_pool("table", ["g5.xlarge"])
    pods("tabled", "table", undisturbed=True)
    until(cluster.runs("tabled"))
    harmless = {
        (NODE_POOL, "spec.limits"): {"nvidia.com/gpu": "3"},
        (NODE_POOL, "spec.weight"): 7,
        (NODE_POOL, "spec.disruption.budgets"): [{"nodes": "3"}],
        (NODE_CLASS, "spec.ipPrefixCount"): 1,
    }
    for (kind, path), value in harmless.items():
        assert replaced_by(kind, path) == "none"
        change(cluster, kind, path, value)
    change(cluster, NODE_POOL, REQUIREMENTS, requirement("g5.xlarge", "g5.4xlarge"))
    time.sleep(QUIET / 4)
    assert not cluster.drifts("table")
    (instance,) = cluster.instances()
    others = [{"id": each} for each in cluster.subnets if each != instance["SubnetId"]]
    replacing = {
        (NODE_POOL, "spec.template.spec.expireAfter"): "48h",
        (NODE_POOL, "spec.template.metadata.labels"): {"pool": "table", "more": "one"},
        (NODE_POOL, REQUIREMENTS): requirement("g5.4xlarge"),
        (NODE_CLASS, "spec.tags"): {"owner": "another"},
        (NODE_CLASS, "spec.subnetSelectorTerms"): others,
        (NODE_CLASS, "spec.amiSelectorTerms"): [{"alias": "al2023@v20260505"}],
    }
    for (kind, path), value in replacing.items():
        assert replaced_by(kind, path) != "none"
        before = change(cluster, kind, path, value)
        until(lambda: cluster.drifts("table"), 30)
        change(cluster, kind, path, {"more": None} if path.endswith("labels") else before)
        until(lambda: not cluster.drifts("table"), 30)
    assert cluster.phase("tabled") == "Running"
