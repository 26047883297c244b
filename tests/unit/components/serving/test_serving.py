"""Shares of requests, objects of a served model, and what its config refuses."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.gpu.config import GpuLimitsConfig, GpuPoolConfig
from stackyard.gpu.contract import GpuContract
from stackyard.kubernetes import manifest
from stackyard.naming import StackId
from stackyard.serving import objects
from stackyard.serving.config import ModelServerConfig, ServingConfig
from stackyard.serving.traffic import Split, weights

STACK = StackId("vision", "defects", "dev")
DIGESTS = {number: f"sha256:{number:064x}" for number in range(1, 6)}


def release(number: int, name: str = "defects") -> dict[str, Any]:
    return {"version": f"{name}/{number}", "image": f"vision/defects/m@{DIGESTS[number]}"}


def server(**more: Any) -> ModelServerConfig:
    return ModelServerConfig.model_validate({"release": release(3), **more})


def deployment(config: ModelServerConfig, pods: objects.Pods) -> dict[str, Any]:
    server = objects.Server(STACK, "m", config, "r.example", "eu-central-1", pool=None)
    return manifest(objects.deployment(server, pods))


@pytest.mark.parametrize(
    ("pods", "weight", "stable", "canary"),
    [(4, 25, 3, 1), (10, 10, 9, 1), (10, 90, 1, 9), (2, 50, 1, 1), (3, 99, 1, 2), (20, 1, 19, 1)],
)
def test_pods_are_shared_so_that_both_versions_have_one(
    pods: int, weight: int, stable: int, canary: int
) -> None:
    split = Split.of(pods, weight)
    assert (split.stable, split.canary) == (stable, canary)


def test_a_weight_that_the_pods_cannot_make_is_refused_with_those_that_they_can() -> None:
    with pytest.raises(
        ValidationError, match=r"is not a possible weight with 4 pods.*: 25, 50, 75"
    ):
        server(replicas={"min": 4, "max": 8}, canary={**release(4), "weight": 10})
    assert weights(1) == "none: a canary needs two"


@pytest.mark.parametrize(
    ("canary", "why"),
    [
        ({**release(4, "other"), "weight": 50}, "one registered model"),
        ({**release(3), "weight": 50}, "has the version or the image of `release`"),
        ({**release(4), "weight": 0}, "greater than or equal to 1"),
        ({**release(4), "weight": 100}, "less than or equal to 99"),
    ],
)
def test_a_canary_must_be_another_version_of_the_model(canary: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        server(canary=canary)


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", "defects"), ("version", "defects/latest"), ("image", "vision/defects/m:4")],
)
def test_a_release_names_a_registered_version_and_a_digest(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        ModelServerConfig.model_validate({"release": {**release(3), field: value}})


def test_a_name_of_another_object_is_refused() -> None:
    with pytest.raises(ValidationError, match="the name `tracking` is reserved"):
        ServingConfig.model_validate({"models": {"tracking": {"release": release(1)}}})


def test_the_autoscaler_has_the_number_of_pods_to_itself() -> None:
    config = server(replicas={"min": 2, "max": 6})
    (pods,) = objects.tracks(config)
    assert "replicas" not in deployment(config, pods)
    scaling = manifest(objects.autoscaler(config, pods, "m"))
    assert (scaling["minReplicas"], scaling["maxReplicas"]) == (2, 6)
    fixed = server(replicas={"min": 2, "max": 2})
    assert deployment(fixed, objects.tracks(fixed)[0])["replicas"] == 2


def test_both_versions_have_one_address_and_selectors_of_their_own() -> None:
    config = server(replicas={"min": 4, "max": 8}, canary={**release(4), "weight": 25})
    stable, canary = (deployment(config, pods) for pods in objects.tracks(config))
    found = manifest(objects.service(STACK, "m"))["selector"].items()
    for one in (stable, canary):
        assert found <= one["template"]["metadata"]["labels"].items()
        assert (
            one["selector"]["matchLabels"].items() <= one["template"]["metadata"]["labels"].items()
        )
    assert stable["selector"] != canary["selector"]


def test_the_image_of_a_model_that_the_pipeline_releases_is_nobody_elses() -> None:
    config = ModelServerConfig()
    (pods,) = objects.tracks(config)
    template = deployment(config, pods)["template"]
    assert "image" not in template["spec"]["containers"][0]
    assert "annotations" not in template["metadata"]


def test_callers_of_other_namespaces_are_named_and_all_others_stay_out() -> None:
    assert manifest(objects.ingress_policy(STACK, "m", []))["ingress"][0]["from"] == [
        {"podSelector": {}}
    ]
    peers = manifest(objects.ingress_policy(STACK, "m", ["shop"]))["ingress"][0]["from"]
    assert peers[1]["namespaceSelector"]["matchExpressions"][0]["values"] == ["shop"]


def test_a_new_version_gets_a_gpu_where_the_former_one_holds_them_all() -> None:
    """With no pod that may be missing, the new pod would wait for ever for one of the old to go."""
    contract = GpuContract(
        "inference", GpuPoolConfig(instance_types=["g5.xlarge"], limits=GpuLimitsConfig(gpus=2))
    )
    config = server(gpu_pool="inference", replicas={"min": 2, "max": 2})
    where = objects.Server(STACK, "m", config, "r.example", "eu-central-1", contract.reference)
    (pods,) = objects.tracks(config)
    strategy = manifest(objects.deployment(where, pods))["strategy"]["rollingUpdate"]
    assert strategy["maxUnavailable"] == 1
    assert objects.released_deployment(where)["spec"]["strategy"]["rollingUpdate"] == strategy


def test_the_only_pod_of_a_model_can_be_drained() -> None:
    """A budget by `minAvailable: 1` would hold a node for ever. Source:
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/."""
    assert manifest(objects.disruption_budget(STACK, "m"))["maxUnavailable"] == 1


def test_without_gpus_a_new_version_starts_beside_the_former_one() -> None:
    config = server()
    (pods,) = objects.tracks(config)
    strategy = deployment(config, pods)["strategy"]["rollingUpdate"]
    assert (strategy["maxSurge"], strategy["maxUnavailable"]) == (1, 0)
