"""Concern 7: a registered model answers, and only the delivery role changes which one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from stackyard.images.render import EPOCH
from stackyard_sandbox.processes import free_ports
from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .baking import Bakery, Image, trained
from .image_builder import ImageBuilder, added_layer, image_builder

STACK = "vision/defects/dev"
NAMESPACE = "vision-defects-dev"
MODEL = "classifier"
CLUSTER = "platform-foundation-dev"
FILE = "stacks/vision/defects/_defaults.yaml"
OLDER = "sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"


@pytest.fixture(scope="module")
def apps(applied: Workspace, kube: KubernetesClients) -> Any:
    return client.AppsV1Api(kube(CLUSTER))


def deployed(apps: Any, name: str = MODEL) -> Any:
    return apps.read_namespaced_deployment(name, NAMESPACE)


def endpoints(discovery: Any) -> list[Any]:
    """The ready pods behind the model's address."""
    slices = discovery.list_namespaced_endpoint_slice(
        NAMESPACE, label_selector=f"kubernetes.io/service-name={MODEL}"
    )
    return [one for each in slices.items for one in each.endpoints or [] if one.conditions.ready]


def settled(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for the autoscaler: it brings a new Deployment from one pod to its least."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(1)


@pytest.fixture(scope="module")
def baking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageBuilder]:
    """A builder whose registry has what stands for the image `server`: no more than its folder."""
    with image_builder(tmp_path_factory.mktemp("b")) as builder:
        yield builder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return trained(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def bakery(applied: Workspace, aws: Clients, assume: Assume, baking: ImageBuilder) -> Bakery:
    bucket, environment = applied.contract(STACK)["model_bucket"], applied.sandbox.environment()
    return Bakery(STACK, MODEL, bucket, baking, environment, aws, assume)


@pytest.fixture(scope="module")
def baked(
    bakery: Bakery, model: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Image:
    return bakery.bake(model, tmp_path_factory.mktemp("bake"))


def test_a_bake_adds_the_model_and_nothing_else(
    baked: Image, baking: ImageBuilder, model: dict[str, bytes]
) -> None:
    layer, about = added_layer(baking, baked.base, baked.reference)
    config = about["config"]
    assert (config["User"], config["WorkingDir"]) == ("65534:65534", "/opt/stackyard")
    assert "OF_BASE=kept" in config["Env"]
    assert not [each for each in config["Env"] if "AWS" in each or "MODEL" in each]
    assert config["Labels"]["dev.stackyard.stack"] == STACK
    content = {}
    with tarfile.open(fileobj=io.BytesIO(baking.crane("blob", layer))) as archive:
        for each in archive:
            assert (each.uid, each.gid, each.mtime) == (0, 0, EPOCH), each.name
            assert each.mode == (0o755 if each.isdir() else 0o644), each.name
            held = archive.extractfile(each)
            if held is not None:
                content[each.name] = held.read()
    assert content == {f"opt/stackyard/model/{path}": held for path, held in model.items()}


def test_an_equal_model_is_an_equal_digest_and_another_is_another(
    bakery: Bakery,
    baked: Image,
    model: dict[str, bytes],
    aws: Clients,
    tmp_path: Path,
) -> None:
    first = bakery.builder.digest(baked.reference)
    again = bakery.bake(model, tmp_path / "again")
    assert bakery.builder.digest(again.reference) == first
    name = max(model, key=lambda path: len(model[path]))
    changed = {**model, name: model[name][:-1] + bytes([model[name][-1] ^ 1])}
    other = bakery.builder.digest(bakery.bake(changed, tmp_path / "other").reference)
    assert other != first, "of equal size, and taken for the former one"
    signing = baked.signed.split()[1]
    profile = aws("signer").get_signing_profile(profileName=signing.rpartition("/")[2])
    assert (profile["status"], profile["arn"]) == ("Active", signing)
    assert profile["profileName"].startswith("vision_defects_dev_")
    for image in (baked, again):
        repository, _, tag = image.reference.rpartition(":")
        found = aws("ecr").describe_images(
            repositoryName=f"{STACK}/{MODEL}", imageIds=[{"imageTag": tag}]
        )
        assert found["imageDetails"][0]["imageDigest"] == first
        assert image.signed.split()[1:] == [signing, f"{repository}@{first}"]


@pytest.fixture(scope="module")
def served(
    apps: Any, baked: Image, baking: ImageBuilder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The Deployment's own command and environment as a process, in its folder of a baked image.

    The address differs, and the programs are those of the tests: the base here has none.
    """
    image = tmp_path_factory.mktemp("image")
    with tarfile.open(fileobj=io.BytesIO(baking.crane("export", baked.reference, "-"))) as archive:
        archive.extractall(image, filter="data")
    container = deployed(apps).spec.template.spec.containers[0]
    folder = image / container.working_dir.lstrip("/")
    (port,) = free_ports(1)
    inside = {variable.name: variable.value for variable in container.env}
    own = {"MLFLOW_HOST": "127.0.0.1", "MLFLOW_PORT": str(port), "HOME": str(image)}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with (image / "log").open("w") as log:
        process = subprocess.Popen(
            container.command,
            cwd=folder,
            env={**inside, **own, "PATH": path},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)


def healthy(address: str, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def test_the_deployments_own_command_answers_requests(apps: Any, served: str) -> None:
    probe = deployed(apps).spec.template.spec.containers[0].startup_probe
    deadline = time.monotonic() + probe.period_seconds * probe.failure_threshold
    while not healthy(served, probe.http_get.path):
        assert time.monotonic() < deadline, "the startup probe would have given up"
        time.sleep(0.3)
    body = json.dumps({"inputs": [[0.1], [2.9]]}).encode()
    request = urllib.request.Request(
        f"{served}/invocations", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer) == {"predictions": [0, 1]}


def test_a_quarter_of_the_pods_behind_the_address_are_the_canary(
    apps: Any, kube: KubernetesClients, applied: Workspace
) -> None:
    stable, canary = deployed(apps), deployed(apps, f"{MODEL}-canary")
    images = [each.spec.template.spec.containers[0].image for each in (stable, canary)]
    assert all("@sha256:" in image for image in images)
    assert images[0] != images[1]
    discovery = client.DiscoveryV1Api(kube(CLUSTER))
    settled(lambda: len(endpoints(discovery)) == 4)
    ready = endpoints(discovery)
    canaries = [one for one in ready if one.target_ref.name.startswith(f"{MODEL}-canary-")]
    assert (len(canaries), len(ready)) == (1, 4)
    addresses = applied.contract(STACK)["served_models"]
    # `inspector` is the model that the pipeline releases.
    assert addresses == {
        name: f"http://{name}.{NAMESPACE}.svc.cluster.local:8080" for name in (MODEL, "inspector")
    }


def test_the_model_stays_up_and_is_walled_in(kube: KubernetesClients) -> None:
    api = kube(CLUSTER)
    scaling = client.AutoscalingV2Api(api).read_namespaced_horizontal_pod_autoscaler(
        MODEL, NAMESPACE
    )
    assert (scaling.spec.min_replicas, scaling.spec.max_replicas) == (3, 6)
    policies = client.PolicyV1Api(api)

    def budget() -> tuple[int, int]:
        found = policies.read_namespaced_pod_disruption_budget(MODEL, NAMESPACE).status
        return found.expected_pods, found.disruptions_allowed

    settled(lambda: budget() == (4, 1))
    assert budget() == (4, 1)
    policy = client.NetworkingV1Api(api).read_namespaced_network_policy(
        f"serving-{MODEL}", NAMESPACE
    )
    assert policy.spec.ingress[0].ports[0].port == 8080


def test_only_the_delivery_role_changes_what_serves(
    applied: Workspace, kube: KubernetesClients, assume: Assume
) -> None:
    roles = applied.contract(STACK)["roles"]
    change = {"metadata": {"annotations": {"test/by": "delivery"}}}

    def patched(audience: str, external_id: str | None = None) -> int:
        credentials = assume(roles[audience], external_id)
        api = client.AppsV1Api(kube(CLUSTER, credentials))
        try:
            api.patch_namespaced_deployment(MODEL, NAMESPACE, change)
        except client.ApiException as error:
            return int(error.status)
        return 200

    outsider = {"labelling-vendor": "acme-defects-labelling"}
    people = set(roles) - {"trainer", "server"}
    verdicts = {who: patched(who, outsider.get(who)) for who in people}
    # Outsiders have no way into the cluster, so it does not even know them.
    others = dict.fromkeys(("scientist", "developer", "auditor", "pipeline"), 403)
    assert verdicts == {"delivery": 200, **others, "labelling-vendor": 401}


def test_the_former_version_written_down_again_is_a_rollback(applied: Workspace, apps: Any) -> None:
    before = deployed(apps).spec.template.spec.containers[0].image
    tagged, _, digest = before.partition("classifier:")[2].partition("@")
    applied.edit(FILE, "version: defects/3", "version: defects/2")
    applied.edit(FILE, f"classifier:{tagged}@{digest}", f"classifier:2@{OLDER}")
    applied.run("up", STACK, "--yes")
    found = deployed(apps)
    assert found.spec.template.spec.containers[0].image.endswith(f"classifier:2@{OLDER}")
    assert found.spec.template.metadata.annotations["stackyard.dev/version"] == "defects/2"
    assert found.status.updated_replicas == found.status.available_replicas == 3
