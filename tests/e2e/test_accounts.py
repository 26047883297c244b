"""Who may start pods cannot take the AWS role of other pods by naming their service account."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kubernetes.client import AppsV1Api, BatchV1Api, CoreV1Api
from kubernetes.client.exceptions import ApiException

from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .experiments import CLUSTER, NAMESPACE
from .pods import Pods


def job(account: str | None) -> dict[str, Any]:
    container = {
        "name": "try",
        "image": "registry.example/try:1",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    if account:
        spec["serviceAccountName"] = account
    return {"metadata": {"generateName": "try-"}, "spec": {"template": {"spec": spec}}}


@pytest.fixture(scope="module")
def scientist(applied: Workspace, kube: KubernetesClients, assume: Assume) -> Any:
    """A scientist's client, once the policy is in force: seconds after it was made."""
    batch = BatchV1Api(kube(CLUSTER, assume(f"{NAMESPACE}-scientist")))
    for _ in range(20):
        try:
            start(batch, "models")
        except ApiException:
            break
        time.sleep(0.5)
    return batch


def start(batch: Any, account: str | None) -> None:
    batch.create_namespaced_job(NAMESPACE, job(account), dry_run="All")


@pytest.mark.parametrize("account", ["trainer", "default", None])
def test_a_scientist_starts_training(scientist: Any, account: str | None) -> None:
    start(scientist, account)


@pytest.mark.parametrize("account", ["tracking", "models", "server", "pipeline", "tuning"])
def test_a_scientist_cannot_be_another_pod(scientist: Any, account: str) -> None:
    with pytest.raises(ApiException) as refused:
        start(scientist, account)
    assert refused.value.status == 403
    assert f"start pods as default, trainer, not as {account}" in refused.value.body


def test_delivery_serves_and_nothing_else(
    applied: Workspace, kube: KubernetesClients, assume: Assume
) -> None:
    apps = AppsV1Api(kube(CLUSTER, assume(f"{NAMESPACE}-delivery")))
    patch = {"spec": {"template": {"spec": {"serviceAccountName": "models"}}}}
    with pytest.raises(ApiException, match="delivery may start pods as default, server"):
        apps.patch_namespaced_deployment("tracking", NAMESPACE, patch, dry_run="All")


def test_a_pod_gets_the_role_of_its_own_account_only(
    pods: Pods, kube: KubernetesClients, aws: Clients
) -> None:
    keys = {name.lower(): value for name, value in pods.identity(NAMESPACE, "trainer").items()}
    arn = aws("sts", keys).get_caller_identity()["Arn"]
    assert f":assumed-role/{NAMESPACE}-trainer/eks-{CLUSTER}-" in arn
    with pytest.raises(ClientError, match="no association"):
        pods.identity(NAMESPACE, "default")
    wanted = {"spec": {"audiences": ["somebody-else"]}}
    core = CoreV1Api(kube(CLUSTER))
    issued = core.create_namespaced_service_account_token("trainer", NAMESPACE, wanted)
    with pytest.raises(ClientError, match="InvalidTokenException"):
        aws("eks-auth").assume_role_for_pod_identity(clusterName=CLUSTER, token=issued.status.token)
