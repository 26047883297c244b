from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stackyard import contracts, monitoring
from stackyard.blueprints import catalogue
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.naming import StackId
from tests.support import contracts as upstream
from tests.support.contracts import FOUNDATION

NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
STACK = StackId("platform", "services", "dev")
MIG = {"mode": "mig", "profile": "1g.5gb"}
POOLS: dict[str, dict[str, Any]] = {
    "training": {"instance_types": ["g5.xlarge", "g5.12xlarge"], "limits": {"gpus": 8}},
    "slices": {"instance_types": ["p4d.24xlarge"], "limits": {"gpus": 8}, "sharing": MIG},
}
CONFIG: dict[str, Any] = {
    "owner": "p@example.com",
    "account": "123456789012",
    "region": "eu-central-1",
    "node_pools": {"general": {"instance_types": ["m7g.large"]}},
    "gpu_pools": POOLS,
}


@pytest.fixture(scope="module")
def made(run: Any) -> Any:
    program = catalogue.program("services", STACK, CONFIG, {"foundation": FOUNDATION})
    return run(program, {FOUNDATION.reference: upstream.foundation()})


def test_every_resource_is_a_child_of_a_component(made: Any) -> None:
    assert len(made.qualified_types) > 30
    assert made.at_the_root() == []


def test_the_contract_names_the_priority_classes_that_were_made(made: Any) -> None:
    read = contracts.parse(contracts.ServicesContract, made.contract, str(STACK))
    classes = made.of_type("kubernetes:scheduling.k8s.io/v1:PriorityClass").values()
    by_value = sorted(classes, key=lambda item: item["value"], reverse=True)
    assert [item["metadata"]["name"] for item in by_value] == read.priority_classes


def test_the_device_plugin_runs_where_the_pool_is_and_the_image_has_none(made: Any) -> None:
    daemons = made.of_type("kubernetes:apps/v1:DaemonSet")
    assert set(daemons) == {
        "gpu-training-device-plugin-daemon-set",
        "gpu-telemetry-daemon-set",
        "log-shipper-daemon-set",
    }
    pod = daemons["gpu-training-device-plugin-daemon-set"]["spec"]["template"]["spec"]
    template = made.of_type(NODE_POOL)["gpu-training-on-demand"]["spec"]["template"]
    assert pod["nodeSelector"].items() <= template["metadata"]["labels"].items()
    (toleration,), (taint,) = pod["tolerations"], template["spec"]["taints"]
    assert {key: toleration[key] for key in taint} == taint


def test_a_pool_with_efa_has_the_plugin_that_offers_it(run: Any) -> None:
    pool = {"instance_types": ["p4d.24xlarge"], "limits": {"gpus": 8}, "efa": True}
    config = {**CONFIG, "gpu_pools": {"training": POOLS["training"], "large": pool}}
    program = catalogue.program("services", STACK, config, {"foundation": FOUNDATION})
    made = run(program, {FOUNDATION.reference: upstream.foundation()})
    daemons = made.of_type("kubernetes:apps/v1:DaemonSet")
    assert [name for name in daemons if "efa" in name] == ["gpu-large-efa-device-plugin-daemon-set"]
    pod = daemons["gpu-large-efa-device-plugin-daemon-set"]["spec"]["template"]["spec"]
    template = made.of_type(NODE_POOL)["gpu-large-on-demand"]["spec"]["template"]
    assert pod["nodeSelector"].items() <= template["metadata"]["labels"].items()
    (toleration,), (taint,) = pod["tolerations"], template["spec"]["taints"]
    assert {key: toleration[key] for key in taint} == taint
    read = contracts.parse(contracts.ServicesContract, made.contract, str(STACK))
    assert {name: one.efa_per_node for name, one in read.gpu_pools.items()} == {
        "training": 0,
        "large": 4,
    }


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
    config = {**CONFIG, "gpu_pools": {}}
    program = catalogue.program("services", STACK, config, {"foundation": FOUNDATION})
    made = run(program, {FOUNDATION.reference: upstream.foundation()})
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
    queued = run(program, {FOUNDATION.reference: upstream.foundation()})
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
    template = made.of_type(NODE_POOL)[f"gpu-{pool}-on-demand"]["spec"]["template"]
    (taint,) = template["spec"]["taints"]
    daemons = made.of_type("kubernetes:apps/v1:DaemonSet")
    plugin = f"gpu-{pool}-device-plugin-daemon-set"
    running = {
        name
        for name, one in daemons.items()
        if tolerated(taint, (spec := one["spec"]["template"]["spec"])["tolerations"])
        and spec.get("nodeSelector", {}).items() <= template["metadata"]["labels"].items()
    }
    assert running == {"gpu-telemetry-daemon-set", "log-shipper-daemon-set", plugin} & set(daemons)


def test_pools_agree_with_the_published_facts(made: Any) -> None:
    pools = made.of_type(NODE_POOL)
    assert set(pools) == {
        "pool-general-on-demand",
        "gpu-training-on-demand",
        "gpu-slices-on-demand",
    }
    facts = made.contract["gpu_pools"]["training"]
    spec = pools["gpu-training-on-demand"]["spec"]
    (taint,) = spec["template"]["spec"]["taints"]
    assert taint == {
        "key": facts["taint_key"],
        "value": facts["taint_value"],
        "effect": "NoSchedule",
    }
    assert facts["node_selector"].items() <= spec["template"]["metadata"]["labels"].items()
    assert spec["limits"][facts["resource"]] == str(facts["max_gpus"]) == "8"
    assert facts["gpus_per_node"] == 4
    node_class = made.of_type(NODE_CLASS)["gpu-training-node-class"]["spec"]
    assert node_class["instanceProfile"] == "platform-foundation-dev-karpenter-nodes"


def test_every_disk_of_every_image_is_encrypted(made: Any) -> None:
    """Bottlerocket has two: with a mapping of one, the other stays as it is in the image."""
    devices = {
        name: [(one["deviceName"], one["ebs"]["encrypted"]) for one in spec["blockDeviceMappings"]]
        for name, one in made.of_type(NODE_CLASS).items()
        for spec in [one["spec"]]
    }
    assert devices == {
        "pool-general-node-class": [("/dev/xvda", True)],
        "gpu-training-node-class": [("/dev/xvda", True)],
        "gpu-slices-node-class": [("/dev/xvda", True), ("/dev/xvdb", True)],
    }


def test_the_controller_stays_off_the_nodes_that_it_removes(made: Any) -> None:
    deployment = made.of_type("kubernetes:apps/v1:Deployment")["karpenter-deployment"]
    pod = deployment["spec"]["template"]["spec"]
    affinity = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert affinity["nodeSelectorTerms"] == [
        {"matchExpressions": [{"key": "karpenter.sh/nodepool", "operator": "DoesNotExist"}]}
    ]
    (container,) = pod["containers"]
    settings = {one["name"]: one.get("value") for one in container["env"]}
    assert settings["CLUSTER_NAME"] == "platform-foundation-dev"
    assert settings["INTERRUPTION_QUEUE"] == "platform-services-dev-interruptions"
    assert "StaticCapacity=false" in settings["FEATURE_GATES"]


def test_nodes_that_always_run_need_a_reason_and_a_pool_of_their_own(run: Any) -> None:
    static = {"nodes": 1, "reason": "notebooks start at once"}
    pool = {**POOLS["training"], "static": static}
    config = {**CONFIG, "gpu_pools": {"training": pool}}
    program = catalogue.program("services", STACK, config, {"foundation": FOUNDATION})
    made = run(program, {FOUNDATION.reference: upstream.foundation()})
    spec = made.of_type(NODE_POOL)["gpu-training-static"]["spec"]
    assert (spec["replicas"], "weight" in spec) == (1, False)
    with pytest.raises(ValidationError, match="reason"):
        ServicesConfig.model_validate(
            {**config, "gpu_pools": {"x": {**pool, "static": {"nodes": 1}}}}
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gpu_pools": {"general": POOLS["training"]}}, "also the name of a pool without GPUs"),
        ({"node_pools": {"system": {}}}, "declared by `cluster.system_nodes`"),
    ],
)
def test_names_of_pools_that_clash_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ServicesConfig.model_validate({**CONFIG, **changes})


ONPREM: dict[str, Any] = {
    "kubeconfig": "~/.kube/cellar",
    "issuer": "https://oidc.example",
    "gpu_pools": {"training": {"gpus_per_node": 4, "nodes": 1}},
}
ISSUER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def with_cellar(run: Any, stack: StackId, upstreams: Mapping[str, Any], **changes: Any) -> Any:
    """Run the services of a stage with a cluster on premises that dev registers."""
    cluster = {**ONPREM, "registered_by": "dev"}
    config = {**CONFIG, "queueing": "kueue", "onprem": {"clusters": {"cellar": cluster}}, **changes}
    below = StackId("platform", "foundation", stack.stage)
    names = {"foundation": below, "services/dev": STACK}
    program = catalogue.program("services", stack, config, names)
    return run(program, {below.reference: upstream.foundation(stage=stack.stage), **upstreams})


def test_what_a_cluster_has_once_is_made_by_the_stage_that_registers_it(run: Any) -> None:
    dev = with_cellar(run, STACK, {})
    staging = StackId("platform", "services", "staging")
    other = with_cellar(run, staging, {STACK.reference: dev.contract})
    onprem = {name for _, name in dev.inputs if name.startswith("onprem-cellar")}
    assert len(onprem) > 7
    assert [name for _, name in other.inputs if "cellar" in name] == []
    assert {name for _, name in dev.inputs} - onprem == {name for _, name in other.inputs}
    assert len(dev.of_type(ISSUER)) == 1
    facts, referred = dev.contract["onprem"]["cellar"], other.contract["onprem"]["cellar"]
    assert facts["issuer_arn"].startswith("arn:")
    assert "registered_by" not in facts, "the contracts of existing stacks stay as they are"
    assert referred == {**facts, "registered_by": "dev"}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"onprem": {}}, "has not registered the cluster `cellar`"),
        ({"queueing": None}, "registered `cellar` with another kubeconfig, context, issuer"),
    ],
)
def test_what_the_other_stage_has_applied_counts(
    run: Any, changed: dict[str, Any], problem: str
) -> None:
    dev = with_cellar(run, STACK, {}).contract
    staging = StackId("platform", "services", "staging")
    with pytest.raises(contracts.ContractError, match=problem) as caught:
        with_cellar(run, staging, {STACK.reference: {**dev, **changed}})
    assert caught.value.hint == "run `stackyard up platform/services/dev`"


def test_a_stage_that_refers_itself_registers_nothing_for_others(run: Any) -> None:
    dev = with_cellar(run, STACK, {}).contract
    facts = {**dev["onprem"]["cellar"], "registered_by": "prod"}
    contract = {**dev, "onprem": {"cellar": facts}}
    with pytest.raises(contracts.ContractError, match="has not registered the cluster"):
        with_cellar(run, StackId("platform", "services", "staging"), {STACK.reference: contract})


def _telemetry(made: Any) -> tuple[Any, str]:
    """Return the pod of the GPU telemetry, and its list of fields as the container reads it."""
    spec = made.of_type("kubernetes:apps/v1:DaemonSet")["gpu-telemetry-daemon-set"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    folder, _, file = variables["DCGM_EXPORTER_COLLECTORS"].rpartition("/")
    (mount,) = [one for one in container["volumeMounts"] if one["mountPath"] == folder]
    (volume,) = [one for one in pod["volumes"] if one["name"] == mount["name"]]
    maps = made.of_type("kubernetes:core/v1:ConfigMap").values()
    name = volume["configMap"]["name"]
    (data,) = [one["data"] for one in maps if one["metadata"]["name"] == name]
    return pod, str(data[file])


def test_telemetry_asks_for_no_field_that_needs_a_privilege(made: Any) -> None:
    """DCGM watches profiling fields with SYS_ADMIN only, and refuses the others beside them."""
    pod, fields = _telemetry(made)
    context = pod["containers"][0]["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert not context["allowPrivilegeEscalation"]
    lines = [line.split(", ", 2) for line in fields.splitlines()]
    assert all(len(line) == 3 and line[1] in ("gauge", "counter") for line in lines)
    assert all(line[0].startswith("DCGM_FI_DEV_") for line in lines)


def test_every_field_that_alerts_and_dashboards_use_is_exported(made: Any) -> None:
    _, fields = _telemetry(made)
    folder = Path(monitoring.__file__).parent
    used = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r"DCGM_FI_[A-Z_]+", path.read_text())
    }
    assert used
    assert used <= {line.partition(",")[0] for line in fields.splitlines()}


def test_telemetry_sees_the_gpus_of_every_image(made: Any) -> None:
    """Bottlerocket ignores the image's variable, and reads a mount of each device or of all."""
    pod, _ = _telemetry(made)
    mounts = {one["mountPath"]: one["name"] for one in pod["containers"][0]["volumeMounts"]}
    devices = mounts["/var/run/nvidia-container-devices/all"]
    volumes = {one["name"]: one for one in pod["volumes"]}
    assert volumes[devices]["hostPath"] == {"path": "/dev/null", "type": "CharDevice"}
