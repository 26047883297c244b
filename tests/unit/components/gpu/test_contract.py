from __future__ import annotations

import itertools
import tomllib
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pydantic import ValidationError

from stackyard.gpu.config import GpuLimitsConfig, GpuPoolConfig
from stackyard.gpu.contract import (
    ON_EVERY_POOL,
    GpuContract,
    gpu_request,
    placement,
    smoke_job,
    toleration,
)
from stackyard.gpu.quotas import quota_code
from stackyard.instances import EFA_INTERFACES, INSTANCES, MIG, is_accelerated, mig_model
from stackyard.karpenter.config import NodeImagesConfig

SHARING: list[dict[str, Any] | None] = [
    None,
    {"mode": "time-slicing", "replicas": 4},
    *({"mode": "mig", "profile": name} for model in MIG.values() for name in model.slices),
]


def possible(kind: str, sharing: dict[str, Any] | None) -> GpuContract | None:
    try:
        config = GpuPoolConfig.model_validate(
            {"instance_types": [kind], "limits": {"gpus": 24}, "sharing": sharing}
        )
    except ValidationError:
        return None
    return GpuContract("pool", config)


CONTRACTS = [
    contract
    for kind, sharing in itertools.product(INSTANCES, SHARING)
    if (contract := possible(kind, sharing))
]


def tolerates(toleration: Any, taint: dict[str, str]) -> bool:
    """The scheduler's rule, written down independently of the code under test."""
    if (toleration["key"], toleration["effect"]) != (taint["key"], taint["effect"]):
        return False
    return toleration["operator"] == "Exists" or toleration.get("value") == taint["value"]


def test_there_is_a_contract_for_each_type_and_each_way_of_sharing() -> None:
    assert {contract.config.instance_types[0] for contract in CONTRACTS} == set(INSTANCES)
    modes = {getattr(contract.config.sharing, "mode", None) for contract in CONTRACTS}
    assert modes == {None, "time-slicing", "mig"}


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_no_pair_disagrees(contract: GpuContract) -> None:
    pool = contract.reference
    assert tolerates(toleration(pool), contract.taint)
    assert tolerates(ON_EVERY_POOL, contract.taint)
    machine = contract.machine(NodeImagesConfig())
    assert placement(pool)["nodeSelector"].items() <= machine.labels.items()
    assert list(machine.taints) == [contract.taint]
    (rung,) = contract.rungs
    assert rung.limits[pool.resource] == str(pool.max_gpus * contract.units_per_gpu)
    bottlerocket = machine.image.startswith("bottlerocket@")
    assert (contract.user_data is None) == (not bottlerocket)
    assert (pool.device_plugin is None) == bottlerocket
    assert machine.devices[-1] == ("/dev/xvdb" if bottlerocket else "/dev/xvda")
    (request,) = gpu_request(pool)
    assert request == pool.resource


def test_a_pod_of_one_pool_is_not_tolerated_by_another() -> None:
    config = GpuPoolConfig(instance_types=["g5.xlarge"], limits=GpuLimitsConfig(gpus=1))
    here, there = GpuContract("here", config), GpuContract("there", config)
    assert not tolerates(toleration(here.reference), there.taint)
    assert here.node_selector != there.node_selector


def test_mig_divides_every_gpu_of_a_node() -> None:
    sharing = {"mode": "mig", "profile": "2g.10gb"}
    contract = possible("p4d.24xlarge", sharing)
    assert contract is not None
    assert contract.units_per_node == 8 * 3
    settings = tomllib.loads(contract.user_data or "")["settings"]["kubelet-device-plugins"]
    assert settings["nvidia"] == {
        "device-partitioning-strategy": "mig",
        "mig": {"profile": {"a100.40gb": "2g.10gb"}},
    }


def test_time_slicing_refuses_pods_that_ask_for_two_turns() -> None:
    contract = possible("g5.xlarge", {"mode": "time-slicing", "replicas": 4})
    assert contract is not None
    assert (contract.device_plugin or {})["sharing"]["timeSlicing"] == {
        "failRequestsGreaterThanOne": True,
        "resources": [{"name": "nvidia.com/gpu", "replicas": 4}],
    }
    (rung,) = contract.rungs
    assert rung.limits["nvidia.com/gpu"] == str(4 * 24)


@pytest.mark.parametrize(
    ("kind", "capacity", "code"),
    [
        ("g4dn.xlarge", "on-demand", "L-DB2E81BA"),
        ("gr6.4xlarge", "on-demand", "L-DB2E81BA"),
        ("g5.xlarge", "spot", "L-3819A6DF"),
        ("p4d.24xlarge", "on-demand", "L-417A185B"),
        ("p4de.24xlarge", "spot", "L-7212CCBC"),
        ("p5en.48xlarge", "spot", "L-C4BD4855"),
        ("p5.48xlarge", "on-demand", "L-417A185B"),
    ],
)
def test_quota_codes(kind: str, capacity: Any, code: str) -> None:
    assert quota_code(kind, capacity) == code


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"instance_types": ["m7i.large"], "limits": {"gpus": 8}},
            "m7i.large is not a known GPU instance type",
        ),
        ({"instance_types": ["g6f.large"], "limits": {"gpus": 8}}, "not a known GPU instance type"),
        ({"instance_types": ["g5.xlarge"]}, "Field required"),
        ({"instance_types": ["g5.xlarge", "g6.xlarge"], "limits": {"gpus": 8}}, "same GPU model"),
        (
            {"instance_types": ["p4d.24xlarge", "p4de.24xlarge"], "limits": {"gpus": 8}},
            "same GPU model",
        ),
        (
            {"instance_types": ["g5g.xlarge", "g4dn.xlarge"], "limits": {"gpus": 8}},
            "same GPU model",
        ),
        ({"limits": {"gpus": 8}}, "either `instance_types` or `gpus`"),
        (
            {"instance_types": ["g5.xlarge"], "gpus": {"model": "A10G"}, "limits": {"gpus": 8}},
            "either `instance_types` or `gpus`",
        ),
        ({"gpus": {"model": "V100"}, "limits": {"gpus": 8}}, "no instance type has such GPUs"),
        ({"gpus": {"model": "A10G", "count": "4..1"}, "limits": {"gpus": 8}}, "is empty"),
        ({"instance_types": ["g5.48xlarge"], "limits": {"gpus": 4}}, "fewer than one node has"),
        (
            {"instance_types": ["g5.xlarge"], "limits": {"gpus": 8}, "capacity": ["reserved"]},
            "`reserved` needs `reservations`",
        ),
        (
            {
                "instance_types": ["g5.xlarge"],
                "limits": {"gpus": 8},
                "capacity": ["on-demand", "spot"],
            },
            "each of 2 capacity types needs a limit",
        ),
        (
            {
                "instance_types": ["g5.xlarge"],
                "limits": {"gpus": 8},
                "capacity": ["on-demand", "spot"],
                "capacity_limits": {"on-demand": {"gpus": 6}, "spot": {"gpus": 4}},
            },
            "the sum is 10 GPUs, and `limits` allow 8",
        ),
        (
            {
                "instance_types": ["g5.12xlarge"],
                "limits": {"gpus": 8},
                "sharing": {"mode": "time-slicing", "replicas": 2},
            },
            "time-slicing gives a pod one GPU, but g5.12xlarge has 4",
        ),
        (
            {
                "instance_types": ["g5.xlarge"],
                "limits": {"gpus": 8},
                "sharing": {"mode": "mig", "profile": "1g.5gb"},
            },
            "the A10G of g5.xlarge does not support MIG",
        ),
        (
            {
                "instance_types": ["p5.48xlarge"],
                "limits": {"gpus": 8},
                "sharing": {"mode": "mig", "profile": "1g.5gb"},
            },
            "has no MIG profile 1g.5gb",
        ),
        (
            {"instance_types": ["g5.8xlarge", "g5.xlarge"], "limits": {"gpus": 2}, "efa": True},
            "g5.xlarge has no Elastic Fabric Adapter",
        ),
        (
            {"instance_types": ["p6-b200.48xlarge"], "limits": {"gpus": 8}, "capacity": ["spot"]},
            "no spot quota is known",
        ),
    ],
)
def test_impossible_pools_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GpuPoolConfig.model_validate(config)


@mock_aws
def test_the_table_agrees_with_ec2() -> None:
    ec2 = boto3.client("ec2", region_name="eu-central-1")
    answer = ec2.describe_instance_types(InstanceTypes=list(INSTANCES))["InstanceTypes"]
    assert len(answer) == len(INSTANCES)
    for item in answer:
        ours = INSTANCES[item["InstanceType"]]
        (gpu,) = item["GpuInfo"]["Gpus"]
        assert (gpu["Count"], gpu["MemoryInfo"]["SizeInMiB"]) == (ours.gpus, ours.gpu_memory_mib)
        assert item["VCpuInfo"]["DefaultVCpus"] == ours.vcpus
        assert item["MemoryInfo"]["SizeInMiB"] == ours.memory_gib * 1024
        efa = item["NetworkInfo"].get("EfaInfo", {}).get("MaximumEfaInterfaces", 0)
        assert EFA_INTERFACES.get(item["InstanceType"], 0) == efa
        arm = item["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"]
        limits = GpuLimitsConfig(gpus=8)
        contract = GpuContract(
            "p", GpuPoolConfig(instance_types=[item["InstanceType"]], limits=limits)
        )
        assert contract.machine(NodeImagesConfig()).arm == arm


def test_every_gpu_type_is_kept_out_of_ordinary_pools() -> None:
    assert all(is_accelerated(kind) for kind in INSTANCES)
    assert not is_accelerated("m7i.large")
    assert mig_model("g5.xlarge") is None


def test_the_smoke_job_asks_for_one_gpu_of_its_pool_within_pod_security() -> None:
    contract = GpuContract(
        "training", GpuPoolConfig(instance_types=["g5.xlarge"], limits=GpuLimitsConfig(gpus=1))
    )
    job = smoke_job("training", contract.reference, namespace="n", image="i@sha256:0", labels={})
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert tolerates(pod["tolerations"][0], contract.taint)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False
