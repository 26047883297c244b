from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from stackyard import contracts
from stackyard.blueprints import catalogue
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.blueprints.wiring import pool_facts
from stackyard.gpu.config import GpuPoolConfig
from stackyard.gpu.contract import GpuContract
from stackyard.naming import StackId
from tests.support import contracts as upstream
from tests.support.contracts import FOUNDATION

STACK = StackId("platform", "services", "dev")
CONFIG = {"owner": "p@example.com", "account": "123456789012", "region": "eu-central-1"}
MIG = {"mode": "mig", "profile": "1g.5gb"}
POOLS = {
    "training": GpuPoolConfig(instance_types=["g5.xlarge"], max=4),
    "slices": GpuPoolConfig.model_validate(
        {"instance_types": ["p4d.24xlarge"], "max": 1, "sharing": MIG}
    ),
}


def foundation() -> dict[str, Any]:
    pools = {
        name: pool_facts(GpuContract(name, pool).reference).model_dump()
        for name, pool in POOLS.items()
    }
    return upstream.foundation(gpu_pools=pools)


@pytest.fixture(scope="module")
def made(run: Any) -> Any:
    program = catalogue.program("services", STACK, CONFIG, {"foundation": FOUNDATION})
    return run(program, {FOUNDATION.reference: foundation()})


def test_every_resource_is_a_child_of_a_component(made: Any) -> None:
    assert len(made.qualified_types) > 30
    assert made.at_the_root() == []


def test_the_contract_names_the_priority_classes_that_were_made(made: Any) -> None:
    read = contracts.parse(contracts.ServicesContract, made.contract, str(STACK))
    classes = made.of_type("kubernetes:scheduling.k8s.io/v1:PriorityClass")
    assert [item["metadata"]["name"] for item in classes.values()] == read.priority_classes


def test_the_device_plugin_runs_where_the_pool_is_and_the_image_has_none(made: Any) -> None:
    daemons = made.of_type("kubernetes:apps/v1:DaemonSet")
    assert set(daemons) == {
        "device-plugin-training-daemon-set",
        "gpu-telemetry-daemon-set",
        "log-shipper-daemon-set",
    }
    pod = daemons["device-plugin-training-daemon-set"]["spec"]["template"]["spec"]
    contract = GpuContract("training", POOLS["training"])
    assert pod["nodeSelector"].items() <= contract.labels.items()
    (toleration,) = pod["tolerations"]
    assert (toleration["key"], toleration["value"]) == (
        contract.taint["key"],
        contract.taint["value"],
    )


def test_every_namespace_is_bounded_closed_and_at_a_security_level(made: Any) -> None:
    namespaces = made.of_type("kubernetes:core/v1:Namespace").values()
    levels = {
        item["metadata"]["name"]: item["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for item in namespaces
    }
    assert levels == {
        "stackyard-system": "restricted",
        "stackyard-metrics": "restricted",
        "stackyard-gpu": "privileged",
        "stackyard-logs": "privileged",
    }
    for kind in ("core/v1:ResourceQuota", "networking.k8s.io/v1:NetworkPolicy"):
        places = {
            item["metadata"]["namespace"] for item in made.of_type(f"kubernetes:{kind}").values()
        }
        assert places == set(levels)


def test_no_container_has_privileges_or_lacks_limits(made: Any) -> None:
    workloads = {
        **made.of_type("kubernetes:apps/v1:DaemonSet"),
        **made.of_type("kubernetes:apps/v1:Deployment"),
    }
    for name, workload in workloads.items():
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
            assert set(container["resources"]) == {"requests", "limits"}, name
            assert container["image"].startswith("123456789012.dkr.ecr."), name


def test_without_gpu_pools_only_logs_are_privileged(run: Any) -> None:
    program = catalogue.program("services", STACK, CONFIG, {"foundation": FOUNDATION})
    made = run(program, {FOUNDATION.reference: {**foundation(), "gpu_pools": {}}})
    assert set(made.of_type("kubernetes:apps/v1:DaemonSet")) == {"log-shipper-daemon-set"}
    assert len(made.of_type("kubernetes:core/v1:Namespace")) == 3


@pytest.mark.parametrize("image", ["nvidia/plugin", "nvidia/plugin:latest"])
def test_images_that_a_push_could_replace_are_refused(image: str) -> None:
    with pytest.raises(ValidationError, match="needs a version"):
        ServicesConfig.model_validate({**CONFIG, "images": {"device_plugin": image}})


def test_an_image_by_digest_alone_is_exact() -> None:
    image = f"nvidia/plugin@sha256:{'0' * 64}"
    config = ServicesConfig.model_validate({**CONFIG, "images": {"device_plugin": image}})
    assert config.images.device_plugin == image


def test_queues_are_declared_only_where_the_stage_has_them(made: Any, run: Any) -> None:
    token = "kubernetes:kueue.x-k8s.io/v1beta2:ResourceFlavor"
    assert made.of_type(token) == {}
    assert made.contract["queueing"] is None
    config = {**CONFIG, "queueing": "kueue"}
    program = catalogue.program("services", STACK, config, {"foundation": FOUNDATION})
    queued = run(program, {FOUNDATION.reference: foundation()})
    names = {one["metadata"]["name"] for one in queued.of_type(token).values()}
    assert names == {"general", "gpu-training", "gpu-slices"}
    assert queued.contract["queueing"] == "kueue"


def tolerated(taint: Mapping[str, str], tolerations: Sequence[Mapping[str, str]]) -> bool:
    """Whether pods run in spite of a taint.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
    """
    return any(
        one.get("key", taint["key"]) == taint["key"]
        and one.get("effect", taint["effect"]) == taint["effect"]
        and (one.get("operator") == "Exists" or one.get("value") == taint["value"])
        for one in tolerations
    )


@pytest.mark.parametrize("pool", sorted(POOLS))
def test_every_agent_runs_on_the_nodes_of_every_gpu_pool(made: Any, pool: str) -> None:
    contract = GpuContract(pool, POOLS[pool])
    # As Kubernetes spells it; EKS spells it `NO_SCHEDULE`.
    taint = {**contract.taint, "effect": "NoSchedule"}
    daemons = made.of_type("kubernetes:apps/v1:DaemonSet")
    plugin = f"device-plugin-{pool}-daemon-set"
    running = {
        name
        for name, one in daemons.items()
        if tolerated(taint, (spec := one["spec"]["template"]["spec"])["tolerations"])
        and spec.get("nodeSelector", {}).items() <= contract.labels.items()
    }
    assert running == {"gpu-telemetry-daemon-set", "log-shipper-daemon-set", plugin} & set(daemons)
