"""Queues: GPUs are shared and bounded, and the queues fit the nodes that jobs land on."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from stackyard.gpu.config import GpuLimitsConfig, GpuPoolConfig
from stackyard.gpu.contract import GpuContract
from stackyard.namespace.config import NamespaceConfig, QuotaConfig
from stackyard.queueing import objects

POOLS = {
    "training": GpuContract(
        "training", GpuPoolConfig(instance_types=["g5.xlarge"], limits=GpuLimitsConfig(gpus=4))
    ).reference,
    "small": GpuContract(
        "small", GpuPoolConfig(instance_types=["g4dn.xlarge"], limits=GpuLimitsConfig(gpus=1))
    ).reference,
}


def test_a_flavor_has_the_label_and_the_taint_of_its_pool() -> None:
    assert objects.flavor(POOLS["training"]) == {
        "nodeLabels": {"stackyard.dev/gpu-pool": "training"},
        "nodeTaints": [{"key": "nvidia.com/gpu", "value": "training", "effect": "NoSchedule"}],
    }


def test_no_project_owns_a_gpu_and_none_borrows_beyond_its_quota_or_the_pool() -> None:
    config = NamespaceConfig(quota=QuotaConfig(gpus=2), queue_weight=3)
    queue = objects.cluster_queue("vision-defects-dev", config, POOLS)
    general, gpus = queue["resourceGroups"]
    assert {one["name"]: one["resources"] for one in gpus["flavors"]} == {
        "gpu-small": [{"name": "nvidia.com/gpu", "nominalQuota": "0", "borrowingLimit": "1"}],
        "gpu-training": [{"name": "nvidia.com/gpu", "nominalQuota": "0", "borrowingLimit": "2"}],
    }
    assert {one["lendingLimit"] for one in general["flavors"][0]["resources"]} == {"0"}
    assert queue["fairSharing"] == {"weight": "3"}
    (shared,) = objects.cohort(POOLS)["resourceGroups"]
    held = {one["name"]: one["resources"][0]["nominalQuota"] for one in shared["flavors"]}
    assert held == {"gpu-small": "1", "gpu-training": "4"}


def test_a_stage_without_gpus_shares_nothing() -> None:
    assert objects.cohort({}) == {"resourceGroups": []}
    assert len(objects.cluster_queue("n", NamespaceConfig(), {})["resourceGroups"]) == 1


def test_a_weight_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        NamespaceConfig(queue_weight=0)
