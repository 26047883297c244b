"""Pods that need an AWS role come in once EKS's webhook gives them credentials, and not before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from stackyard.cluster.identity_admission import VARIABLE, WEBHOOK, IdentityAdmission
from stackyard.kubernetes import NEEDS_ROLE
from stackyard.naming import StackId
from stackyard.run_settings import ComponentOptions, RunSettings
from stackyard_sandbox.control_plane import ControlPlane

from .conftest import ClusterStack

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

STACK = StackId("platform", "services", "dev")
REFUSAL = "EKS does not know the role of this pod yet"


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, port: int, plane: ControlPlane
) -> Iterator[None]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    stack = ClusterStack(folder, port, plane.kubeconfig_path.read_text())

    def program(cluster: k8s.Provider) -> None:
        opts = ComponentOptions(RunSettings(), providers=[cluster])
        IdentityAdmission("pod-identity", stack=STACK, opts=opts)

    stack.program = program
    stack.up()
    yield
    stack.destroy()


@pytest.fixture
def webhook(api: client.ApiClient) -> Iterator[Callable[[], None]]:
    """EKS's webhook by its name alone; calling it deletes the webhook."""
    hooks = client.AdmissionregistrationV1Api(api)
    metadata = client.V1ObjectMeta(name=WEBHOOK)
    hooks.create_mutating_webhook_configuration(
        client.V1MutatingWebhookConfiguration(metadata=metadata, webhooks=[])
    )
    there = True

    def delete() -> None:
        nonlocal there
        if there:
            hooks.delete_mutating_webhook_configuration(WEBHOOK)
        there = False

    yield delete
    delete()


def pod(name: str, *, labels: dict[str, str], variables: tuple[str, ...] = ()) -> client.V1Pod:
    env = [client.V1EnvVar(name=one, value="http://169.254.170.23/v1") for one in variables]
    container = client.V1Container(name="one", image="one", env=env)
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, namespace="default", labels=labels),
        spec=client.V1PodSpec(containers=[container], automount_service_account_token=False),
    )


def refused(api: client.ApiClient, tried: client.V1Pod) -> str:
    """Return why the API server refuses a pod, tried without making it; empty if it does not."""
    try:
        client.CoreV1Api(api).create_namespaced_pod("default", tried, dry_run="All")
    except ApiException as error:
        return str(error.body)
    return ""


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < end, "not within 40 seconds"
        time.sleep(0.5)


@pytest.mark.usefixtures("guarded", "webhook")
def test_a_pod_without_credentials_waits_outside(api: client.ApiClient) -> None:
    until(lambda: REFUSAL in refused(api, pod("early", labels=NEEDS_ROLE)))
    assert refused(api, pod("known", labels=NEEDS_ROLE, variables=("A", VARIABLE))) == ""
    assert refused(api, pod("other", labels={})) == ""
    assert REFUSAL in refused(api, pod("partly", labels=NEEDS_ROLE, variables=("A",)))


@pytest.mark.usefixtures("guarded")
def test_a_deployment_comes_up_by_itself_once_its_pods_may_come_in(
    api: client.ApiClient, webhook: Callable[[], None]
) -> None:
    """The webhook's end stands for the association's beginning: pods pass either way."""
    until(lambda: REFUSAL in refused(api, pod("early", labels=NEEDS_ROLE)))
    labels = {"app": "waits", **NEEDS_ROLE}
    template = pod("unused", labels=labels)
    template.metadata.name = None
    apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
    spec = client.V1DeploymentSpec(
        replicas=1,
        selector=client.V1LabelSelector(match_labels={"app": "waits"}),
        template=client.V1PodTemplateSpec(metadata=template.metadata, spec=template.spec),
    )
    metadata = client.V1ObjectMeta(name="waits", namespace="default")
    apps.create_namespaced_deployment("default", client.V1Deployment(metadata=metadata, spec=spec))
    try:
        until(lambda: _failure(apps))
        chosen = {"label_selector": "app=waits"}
        assert core.list_namespaced_pod("default", **chosen).items == []
        webhook()
        until(lambda: core.list_namespaced_pod("default", **chosen).items)
    finally:
        apps.delete_namespaced_deployment("waits", "default")


def _failure(apps: client.AppsV1Api) -> bool:
    conditions = apps.read_namespaced_deployment("waits", "default").status.conditions or []
    return any(one.type == "ReplicaFailure" and REFUSAL in one.message for one in conditions)
