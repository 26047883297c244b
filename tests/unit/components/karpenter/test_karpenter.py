"""Karpenter: what it may do, and that its own definitions accept what pools compile to."""

from __future__ import annotations

import itertools
import json
import re
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml

from stackyard import kubernetes
from stackyard.access.evaluator import Request, decide
from stackyard.aws_location import AwsLocation
from stackyard.cluster.versions import VERSIONS
from stackyard.gpu.config import GpuPoolConfig
from stackyard.gpu.contract import GpuContract
from stackyard.karpenter import objects, rights, versions
from stackyard.karpenter.config import NodeImagesConfig, NodePoolConfig
from stackyard.karpenter.objects import NodeWiring
from stackyard.karpenter.policy import controller_policy
from tests.support.go_modules import karpenter

LOCATION = AwsLocation("123456789012", "eu-central-1")
POLICY = controller_policy(
    LOCATION,
    cluster_name="one",
    queue="arn:aws:sqs:eu-central-1:123456789012:one",
    node_role="arn:aws:iam::123456789012:role/one-karpenter-nodes",
)
WIRING = NodeWiring("one-karpenter-nodes", ["subnet-1", "subnet-2"], "sg-1", {"owner": "x"})
GPU: dict[str, Any] = {"instance_types": ["g5.xlarge"], "limits": {"gpus": 4}}
LADDER: dict[str, Any] = {
    "capacity": ["reserved", "on-demand", "spot"],
    "reservations": {"ids": ["cr-0123456789abcdef0"], "tags": {"pool": "training"}},
    "capacity_limits": {
        "reserved": {"gpus": 2},
        "on-demand": {"gpus": 1},
        "spot": {"gpus": 1},
    },
}
POOLS = {
    "plain": GPU,
    "ladder": {**GPU, **LADDER},
    "static": {**GPU, "static": {"nodes": 1, "reason": "notebooks start at once"}},
    "group": {**GPU, "placement_group": "training", "disruption": "consolidate"},
    "range": {
        "gpus": {"model": "A10G", "count": "1..4", "memory": ">=20Gi"},
        "limits": {"gpus": 8},
    },
    "mig": {
        "instance_types": ["p4d.24xlarge"],
        "limits": {"gpus": 8},
        "sharing": {"mode": "mig", "profile": "1g.5gb"},
    },
}


@cache
def definitions() -> list[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = (karpenter() / "pkg/apis/crds").iterdir()
    return [yaml.load(file.read_text(), loader) for file in files]


def schema(kind: str) -> Any:
    (found,) = (one for one in definitions() if one["spec"]["names"]["kind"] == kind)
    (version,) = (one for one in found["spec"]["versions"] if one["name"] == "v1")
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def specs(pool: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    config = GpuPoolConfig.model_validate(pool)
    contract = GpuContract("training", config)
    machine = contract.machine(NodeImagesConfig())
    pools = [
        objects.node_pool(machine, config, rung, node_class="training") for rung in contract.rungs
    ]
    if config.static:
        pools.append(objects.static_pool(machine, config, node_class="training"))
    return objects.node_class(machine, config, WIRING, pool="training"), pools


@pytest.mark.parametrize("pool", POOLS.values(), ids=list(POOLS))
def test_karpenters_own_definitions_accept_what_a_pool_compiles_to(pool: dict[str, Any]) -> None:
    node_class, pools = specs(pool)
    jsonschema.validate(node_class, closed(schema("EC2NodeClass")))
    for one in pools:
        jsonschema.validate(one, closed(schema("NodePool")))


def closed(node: Any) -> Any:
    """A schema that refuses fields it does not know; the API server drops them without a word."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: closed(value) for key, value in node.items()}
    if "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


def test_the_ladder_is_tried_in_its_order_and_each_rung_has_its_cap() -> None:
    _, pools = specs(POOLS["ladder"])
    rungs = {
        tuple(one["values"]): (pool["weight"], pool["limits"]["nvidia.com/gpu"])
        for pool in pools
        for one in pool["template"]["spec"]["requirements"]
        if one["key"] == "karpenter.sh/capacity-type"
    }
    assert rungs == {("reserved",): (100, "2"), ("on-demand",): (90, "1"), ("spot",): (80, "1")}


def test_limits_hold_the_largest_machines_with_these_gpus_and_no_more() -> None:
    _, (pool,) = specs(POOLS["range"])
    # Eight g5.16xlarge, of 64 vCPUs and 256 GiB each, are more than two g5.24xlarge.
    assert pool["limits"] == {"nvidia.com/gpu": "8", "cpu": "512", "memory": "2048Gi"}


def test_training_nodes_go_when_empty_and_general_ones_are_consolidated() -> None:
    _, (training,) = specs(GPU)
    assert training["disruption"] == {
        "consolidationPolicy": "WhenEmpty",
        "consolidateAfter": "10m",
        "budgets": [{"nodes": "1"}],
    }
    assert training["template"]["spec"]["expireAfter"] == "720h"
    # With a grace period, Karpenter would end a training that it otherwise waits for.
    assert "terminationGracePeriod" not in training["template"]["spec"]
    assert NodePoolConfig().disruption == "consolidate"


def test_a_job_on_a_spot_node_has_its_grace_within_the_two_minutes_of_aws() -> None:
    _, rungs = specs({**GPU, **LADDER})
    reserved, on_demand, spot = (one["template"]["spec"] for one in rungs)
    assert not any("terminationGracePeriod" in one for one in (reserved, on_demand))
    seconds = int(spot["terminationGracePeriod"].removesuffix("s"))
    # Karpenter deletes the pod so that its own grace period ends with that of the node.
    assert seconds - kubernetes.JOB_GRACE_SECONDS >= 5
    assert seconds <= 120 - 15
    # With a grace period of the node, drift would no longer wait for jobs.
    assert {"nodes": "0", "reasons": ["Drifted"]} in rungs[2]["disruption"]["budgets"]
    _, general = specs({**GPU, "capacity": ["spot"], "disruption": "consolidate"})
    assert "terminationGracePeriod" not in general[0]["template"]["spec"]


def triples(rules: Any) -> set[tuple[str, ...]]:
    return {
        (group, resource, verb, *sorted(rule.get("resourceNames") or ()))
        for rule in rules
        for group, resource, verb in itertools.product(
            rule["apiGroups"], rule["resources"], rule["verbs"]
        )
    }


@pytest.mark.parametrize(
    ("ours", "files"),
    [
        (rights.CLUSTER_RULES, ["clusterrole-core", "clusterrole"]),
        ((*rights.NAMESPACE_RULES, *rights.DNS_RULES), ["role"]),
    ],
)
def test_its_rights_in_the_cluster_are_those_of_the_chart(
    ours: tuple[rights.Rule, ...], files: list[str]
) -> None:
    """A right that is missing stops all scaling; a right too many nobody would miss."""
    chart: set[tuple[str, ...]] = set()
    for file in files:
        text = (karpenter() / f"charts/karpenter/templates/{file}.yaml").read_text()
        lines = "\n".join(line for line in text.splitlines() if "{{" not in line)
        for section in re.findall(r"(?ms)^rules:\n.*?(?=^---|\Z)", lines):
            chart |= triples(yaml.safe_load(section)["rules"])
    own = [
        {
            "apiGroups": [rule.group],
            "resources": rule.resources,
            "verbs": rule.verbs,
            "resourceNames": rule.names,
        }
        for rule in ours
    ]
    assert chart
    assert triples(own) == chart


def test_every_version_of_kubernetes_that_eks_offers_has_a_karpenter() -> None:
    image = f"karpenter/controller:{versions.VERSION}"
    assert [v for v in VERSIONS if versions.problem(image, v)] == []
    assert versions.problem("karpenter/controller:1.12.1", "1.36")
    assert versions.problem("karpenter/controller:0.37.0", "1.35")
    assert versions.problem(f"karpenter/controller@sha256:{'0' * 64}", "1.35") is None


def test_the_table_holds_what_the_release_itself_checks() -> None:
    text = (karpenter() / "pkg/providers/version/version.go").read_text()
    bounds = re.findall(r'M(?:in|ax)K8sVersion = "1\.(\d+)"', text)
    release = versions.release_of(f"x:{versions.VERSION}") or ""
    assert tuple(int(one) for one in bounds) == versions.KUBERNETES[release]


def test_the_policy_fits_a_role_and_names_no_right_to_write_profiles() -> None:
    """A role's inline policies hold 10,240 characters together."""
    assert len(json.dumps(POLICY)) < 10_240
    actions = {action for one in POLICY["Statement"] for action in one["Action"]}
    written = {action for action in actions if "InstanceProfile" in action}
    assert written == {"iam:GetInstanceProfile", "iam:ListInstanceProfiles"}


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ({"kubernetes.io/cluster/one": "owned", "karpenter.sh/nodepool": "training"}, True),
        ({"kubernetes.io/cluster/two": "owned", "karpenter.sh/nodepool": "training"}, False),
        ({"kubernetes.io/cluster/one": "owned"}, False),
        ({}, False),
    ],
)
def test_it_ends_instances_of_its_own_cluster_only(tags: dict[str, str], allowed: bool) -> None:
    request = Request(
        "arn:aws:iam::123456789012:role/karpenter",
        "ec2:TerminateInstances",
        "arn:aws:ec2:eu-central-1:123456789012:instance/i-1",
        {f"aws:ResourceTag/{key}": value for key, value in tags.items()},
    )
    assert decide(request, identity=POLICY).allowed is allowed


def test_it_looks_for_profiles_that_an_older_karpenter_may_have_made() -> None:
    """Refused, a node class that is deleted stays: its finalizer waits for NoSuchEntity."""
    request = Request(
        "arn:aws:iam::123456789012:role/karpenter",
        "iam:GetInstanceProfile",
        "arn:aws:iam::123456789012:instance-profile/one_13460139654316587011",
    )
    assert decide(request, identity=POLICY).allowed
