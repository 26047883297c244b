"""Secrets as files in pods: the class that the cluster holds, and what the pod's role reads by it.

The driver itself does not run here. What it would do is done by hand: parse the class that the
API server holds, and fetch each object as the role that EKS Pod Identity gives to the pod.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from kubernetes.client import BatchV1Api, CoreV1Api, CustomObjectsApi
from kubernetes.client.exceptions import ApiException

from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .experiments import CLUSTER, NAMESPACE, STACK
from .pods import Pods

CLASSES = {
    "group": "secrets-store.csi.x-k8s.io",
    "version": "v1",
    "plural": "secretproviderclasses",
    "namespace": NAMESPACE,
}


@pytest.fixture(scope="module")
def job(applied: Workspace) -> Any:
    return yaml.safe_load(applied.run("train", "render", STACK, "judge"))


@pytest.fixture(scope="module")
def arns(job: Any, kube: KubernetesClients) -> list[str]:
    """What the driver would be asked for, for a pod of the job."""
    found = []
    for volume in job["spec"]["template"]["spec"]["volumes"]:
        if "csi" in volume:
            name = volume["csi"]["volumeAttributes"]["secretProviderClass"]
            held: Any = CustomObjectsApi(kube(CLUSTER)).get_namespaced_custom_object(
                **CLASSES, name=name
            )
            assert held["spec"]["provider"] == "aws"
            assert "secretObjects" not in held["spec"]
            parameters = held["spec"]["parameters"]
            assert (parameters["usePodIdentity"], parameters["region"]) == ("true", "eu-central-1")
            found += [one["objectName"] for one in yaml.safe_load(parameters["objects"])]
    return found


def opens(client: Any, secret: str) -> bool:
    try:
        return bool(client.get_secret_value(SecretId=secret)["SecretString"])
    except ClientError as error:
        if "not authorized" not in str(error):
            raise
        return False


def test_a_pod_reads_what_its_class_names_and_other_pods_do_not(
    pods: Pods, arns: list[str], aws: Clients, assume: Assume
) -> None:
    keeper = aws("secretsmanager", assume("platform-admin"))
    keeper.put_secret_value(SecretId=f"{STACK}/camera-api", SecretString="made-up-value")
    assert arns == [keeper.describe_secret(SecretId=f"{STACK}/camera-api")["ARN"]]

    def pod(namespace: str, account: str) -> Any:
        keys = pods.identity(namespace, account)
        return aws("secretsmanager", {name.lower(): value for name, value in keys.items()})

    trainer = pod(NAMESPACE, "trainer")
    assert opens(trainer, arns[0])
    assert not opens(trainer, f"{STACK}/lakefs-key")
    assert not opens(pod(NAMESPACE, "server"), arns[0])
    assert not opens(pod("ranking-recommender-dev", "trainer"), arns[0])
    for audience in ("developer", "delivery", "auditor"):
        assert not opens(aws("secretsmanager", assume(f"{NAMESPACE}-{audience}")), arns[0])


def test_the_key_is_granted_through_secrets_manager_and_for_this_secret_alone(
    arns: list[str], aws: Clients
) -> None:
    policy = aws("iam").get_role_policy(RoleName=f"{NAMESPACE}-trainer", PolicyName="secrets")
    read, opened = policy["PolicyDocument"]["Statement"]
    assert (read["Resource"], opened["Action"]) == (arns, ["kms:Decrypt"])
    assert opened["Condition"]["StringEquals"] == {
        "kms:EncryptionContext:SecretARN": arns,
        "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com",
    }


def test_the_mounting_pod_is_restricted(job: Any, kube: KubernetesClients) -> None:
    core = CoreV1Api(kube(CLUSTER))
    template = job["spec"]["template"]
    made = core.create_namespaced_pod(
        NAMESPACE,
        {"metadata": {**template["metadata"], "generateName": "try-"}, "spec": template["spec"]},
        dry_run="All",
    )
    (mount,) = [
        one for one in made.spec.containers[0].volume_mounts if one.name == "secret-camera-api"
    ]
    assert (mount.mount_path, mount.read_only) == ("/mnt/secrets/camera-api", True)

    bare = json.loads(json.dumps(template["spec"]))
    bare["volumes"][-1] = {"name": "secret-camera-api", "hostPath": {"path": "/"}}
    with pytest.raises(ApiException, match="restricted volume types"):
        core.create_namespaced_pod(
            NAMESPACE, {"metadata": {"generateName": "try-"}, "spec": bare}, dry_run="All"
        )


def test_classes_are_checked_and_nobody_of_the_project_makes_one(
    applied: Workspace, kube: KubernetesClients, assume: Assume
) -> None:
    body: Any = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "another"},
        "spec": {"provider": "aws", "parameters": {"usePodIdentity": True}},
    }
    with pytest.raises(ApiException, match="must be of type string"):
        CustomObjectsApi(kube(CLUSTER)).create_namespaced_custom_object(**CLASSES, body=body)
    body["spec"]["parameters"] = {"usePodIdentity": "true"}
    for audience in ("scientist", "pipeline", "delivery"):
        theirs = kube(CLUSTER, assume(f"{NAMESPACE}-{audience}"))
        with pytest.raises(ApiException) as refused:
            CustomObjectsApi(theirs).create_namespaced_custom_object(
                **CLASSES, body=body, dry_run="All"
            )
        assert refused.value.status == 403


def test_who_cannot_start_pods_as_the_trainer_cannot_mount_its_secrets(
    job: Any, kube: KubernetesClients, assume: Assume
) -> None:
    def start(audience: str) -> None:
        batch = BatchV1Api(kube(CLUSTER, assume(f"{NAMESPACE}-{audience}")))
        batch.create_namespaced_job(NAMESPACE, job, dry_run="All")

    start("scientist")
    for audience in ("developer", "delivery", "auditor"):
        with pytest.raises(ApiException) as refused:
            start(audience)
        assert refused.value.status == 403


def test_status_says_what_is_mounted_and_when_it_cannot_be(
    applied: Workspace, arns: list[str], kube: KubernetesClients
) -> None:
    def vault() -> Any:
        (row,) = applied.answer("status", STACK)
        return next(one for one in row["concerns"] if one["concern"] == "key vault")

    assert "pods mount camera-api" in vault()["evidence"]
    objects, name = CustomObjectsApi(kube(CLUSTER)), "camera-api"
    held: Any = objects.get_namespaced_custom_object(**CLASSES, name=name)
    other = held["spec"]["parameters"]["objects"].replace("/defects/", "/others/")
    change = {"spec": {"parameters": {"objects": other}}}
    objects.patch_namespaced_custom_object(**CLASSES, name=name, body=change)
    try:
        found = vault()
    finally:
        objects.patch_namespaced_custom_object(
            **CLASSES, name=name, body={"spec": {"parameters": held["spec"]["parameters"]}}
        )
    assert (found["state"], found["evidence"]) == (
        "problem",
        "pods that mount camera-api get another secret",
    )


def test_a_job_that_mounts_secrets_is_refused_on_premises(applied: Workspace) -> None:
    done = applied.attempt("train", "render", STACK, "judge", "--cluster", "onprem")
    assert done.returncode == 2
    assert "`training.judge.mounts` has camera-api, and pods on premises mount none" in done.stderr
