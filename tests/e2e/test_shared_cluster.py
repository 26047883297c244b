"""One cluster on premises for two stages of an account: dev registers it, staging refers to dev."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from kubernetes import client

from audits.web_identity import trade, without_keys
from tests.support.clients import ACCOUNT, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .onprem import CLUSTER, ISSUER, NAME

STAGES = ("dev", "staging")
FOUNDATION, SERVICES, PROJECT = "platform/foundation", "platform/services", "trial/shared"
TEXT = """
datasets: {photos: {kind: raw}}
namespace: {quota: {cpu: 8, memory: 32Gi, gpus: 1, pods: 10, storage: 10Gi}}
training:
  fit:
    image: "shared/train:1"
    command: [python, -m, shared.fit]
    gpus: 1
    gpu_pool: training
    cpu: 2
    memory: 4Gi
"""
FIRST = [f"{SERVICES}/dev", f"{PROJECT}/dev"]
SECOND = [f"{FOUNDATION}/staging", f"{SERVICES}/staging", f"{PROJECT}/staging"]


@pytest.fixture(scope="module")
def workspace(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The applied estate, whose cluster both stages declare, with one more project in both."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(applied.folder / "stacks", folder / "stacks")
    made = Workspace(folder, applied.sandbox)
    declared = {"onprem": {"clusters": {NAME: {**CLUSTER, "registered_by": "dev"}}}}
    with (folder / f"stacks/{SERVICES}/_defaults.yaml").open("a") as defaults:
        defaults.write(yaml.safe_dump(declared))
    made.write(f"{SERVICES}/dev.yaml", "{}\n")
    made.write(f"{PROJECT}/_defaults.yaml", TEXT)
    for stage in STAGES:
        made.write(f"{PROJECT}/{stage}.yaml", "{}\n")
    made.run("validate")
    made.run("preview", f"{SERVICES}/dev", "--expect-no-changes")
    made.run("up", f"{PROJECT}/dev", *SECOND, "--yes-to-all", timeout=600)
    yield made
    made.run("destroy", f"{PROJECT}/*", *SECOND[:2], "--yes", timeout=400)


@pytest.fixture(scope="module")
def cluster(workspace: Workspace, kube: KubernetesClients) -> Any:
    return kube(NAME)


def namespace(stage: str) -> str:
    return f"trial-shared-{stage}"


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_stages_use_one_cluster_and_the_second_leaves_the_first_as_it_was(
    workspace: Workspace, cluster: Any, aws: Clients
) -> None:
    what_exists_once_is_of_dev(workspace, cluster, aws)
    a_job_of_each_stage_is_placed(workspace, cluster)
    a_pod_reads_the_data_of_its_own_stage_only(workspace, cluster, aws)
    dev_is_not_destroyed_before_staging(workspace)
    for stage in STAGES:
        aws("s3").delete_object(Bucket=_bucket(stage), Key="part.jpg")
    workspace.run("destroy", *SECOND, "--yes", timeout=400)
    dev_is_as_it_was(workspace, cluster)


def what_exists_once_is_of_dev(workspace: Workspace, cluster: Any, aws: Clients) -> None:
    classes: Any = client.SchedulingV1Api(cluster).list_priority_class().items
    owners = {
        one.metadata.name: one.metadata.labels["stackyard.dev/stage"]
        for one in classes
        if one.metadata.name.startswith("stackyard-")
    }
    assert set(owners.values()) == {"dev"}
    assert len(owners) == 4
    known = aws("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    provider = [one["Arn"] for one in known if one["Arn"].endswith(ISSUER.removeprefix("https://"))]
    for stage in STAGES:
        facts = workspace.contract(f"{SERVICES}/{stage}")["onprem"][NAME]
        assert [facts["issuer_arn"]] == provider
        quota: Any = client.CoreV1Api(cluster).read_namespaced_resource_quota(
            "quota", namespace(stage)
        )
        assert quota.spec.hard["requests.nvidia.com/gpu"] == "1"


def a_job_of_each_stage_is_placed(workspace: Workspace, cluster: Any) -> None:
    for stage in STAGES:
        text = workspace.run("train", "render", f"{PROJECT}/{stage}", "fit", "--cluster", "onprem")
        job: Any = client.BatchV1Api(cluster).create_namespaced_job(
            namespace(stage), yaml.safe_load(text)
        )
        assert _node(cluster, namespace(stage), job.metadata.name).startswith("training-")


def a_pod_reads_the_data_of_its_own_stage_only(
    workspace: Workspace, cluster: Any, aws: Clients
) -> None:
    core, sts = client.CoreV1Api(cluster), without_keys(workspace.sandbox)
    token = {stage: _token(core, namespace(stage)) for stage in STAGES}
    role = {
        stage: core.read_namespaced_config_map("place", namespace(stage)).data["AWS_ROLE_ARN"]
        for stage in STAGES
    }
    for stage, other in (STAGES, STAGES[::-1]):
        s3 = aws("s3", trade(sts, role[stage], token[stage]))
        aws("s3").put_object(Bucket=_bucket(stage), Key="part.jpg", Body=stage.encode())
        assert s3.get_object(Bucket=_bucket(stage), Key="part.jpg")["Body"].read() == stage.encode()
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=_bucket(other), Key="part.jpg")
        with pytest.raises(ClientError, match="AccessDenied"):
            trade(sts, role[other], token[stage])


def dev_is_not_destroyed_before_staging(workspace: Workspace) -> None:
    stopped = workspace.attempt("destroy", *FIRST, "--yes")
    assert stopped.returncode != 0
    assert f"{SERVICES}/staging" in stopped.stderr
    assert "still exist and depend on stacks that would be destroyed" in stopped.stderr


def dev_is_as_it_was(workspace: Workspace, cluster: Any) -> None:
    core = client.CoreV1Api(cluster)
    spaces: Any = core.list_namespace().items
    assert namespace("staging") not in {one.metadata.name for one in spaces}
    workspace.run("preview", *FIRST, "--refresh", "--expect-no-changes")
    place: Any = core.read_namespaced_config_map("place", namespace("dev"))
    sts = without_keys(workspace.sandbox)
    assert trade(sts, place.data["AWS_ROLE_ARN"], _token(core, namespace("dev")))


def _bucket(stage: str) -> str:
    return f"trial-shared-{stage}-data-photos-{ACCOUNT}"


def _token(core: Any, space: str) -> str:
    """Ask for the trainer's token, as the kubelet does for a pod."""
    spec = client.V1TokenRequestSpec(audiences=["sts.amazonaws.com"])
    body = client.AuthenticationV1TokenRequest(spec=spec)
    issued = core.create_namespaced_service_account_token("trainer", space, body)
    return str(issued.status.token)


def _node(cluster: Any, space: str, job: str) -> str:
    core, end = client.CoreV1Api(cluster), time.monotonic() + 60
    while time.monotonic() < end:
        pods: Any = core.list_namespaced_pod(space, label_selector=f"job-name={job}").items
        if pods and pods[0].spec.node_name:
            return str(pods[0].spec.node_name)
        time.sleep(0.2)
    raise AssertionError(f"{job} has no pod on a node of {space}")
