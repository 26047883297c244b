"""What a role that previews may do in a cluster: asked of the real API server, as its group."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from stackyard.cluster.access import PREVIEW_GROUP
from stackyard.cluster.preview import PreviewAccess
from stackyard.naming import StackId
from stackyard.run_settings import ComponentOptions, RunSettings
from stackyard_sandbox.control_plane import ControlPlane

from .conftest import ClusterStack

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

STACK = StackId("platform", "services", "dev")
DRY = {"dry_run": "All"}
MAP = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="tried"), data={"a": "b"})


@pytest.fixture(scope="module")
def previewer(plane: ControlPlane) -> client.ApiClient:
    """A client that the API server takes for a member of the group, as an access entry makes it."""
    api = config.new_client_from_config(str(plane.kubeconfig_path))
    api.set_default_header("Impersonate-User", "stackyard-preview")
    api.set_default_header("Impersonate-Group", PREVIEW_GROUP)
    return api


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory,
    official_port: int,
    plane: ControlPlane,
    previewer: client.ApiClient,
) -> Iterator[None]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    stack = ClusterStack(folder, official_port, plane.kubeconfig_path.read_text())

    def program(cluster: k8s.Provider) -> None:
        opts = ComponentOptions(RunSettings(), providers=[cluster])
        PreviewAccess("preview", stack=STACK, opts=opts)

    stack.program = program
    stack.up()
    core = client.CoreV1Api(previewer)
    for _ in range(60):  # a policy is in force some seconds after it was made
        if refused(core.create_namespaced_config_map, "default", MAP):
            break
        client.CoreV1Api(admin(plane)).delete_namespaced_config_map("tried", "default")
        time.sleep(0.5)
    yield
    stack.destroy()


def admin(plane: ControlPlane) -> client.ApiClient:
    return config.new_client_from_config(str(plane.kubeconfig_path))


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """Return why the API server forbids a call; empty if it does not."""
    try:
        call(*arguments, **options)
    except ApiException as error:
        if error.status != 403:
            raise
        return str(error.body)
    return ""


@pytest.mark.usefixtures("guarded")
def test_a_preview_tries_a_change_and_makes_none(previewer: client.ApiClient, api: Any) -> None:
    core, batch = client.CoreV1Api(previewer), client.BatchV1Api(previewer)
    answer = core.create_namespaced_config_map("default", MAP, **DRY)
    assert answer.metadata.uid
    assert "and make none" in refused(core.create_namespaced_config_map, "default", MAP)
    client.CoreV1Api(api).create_namespaced_config_map("default", MAP)
    change = {"data": {"a": "c"}}
    tried = core.patch_namespaced_config_map("tried", "default", change, **DRY)
    assert tried.data == {"a": "c"}
    assert "and make none" in refused(core.patch_namespaced_config_map, "tried", "default", change)
    assert refused(core.delete_namespaced_config_map, "tried", "default", **DRY)
    assert core.read_namespaced_config_map("tried", "default").data == {"a": "b"}
    assert batch.list_job_for_all_namespaces().items == []
    client.CoreV1Api(api).delete_namespaced_config_map("tried", "default")


@pytest.mark.usefixtures("guarded")
def test_a_preview_sees_no_secret_and_takes_no_token(previewer: client.ApiClient, api: Any) -> None:
    """A dry-run patch of a Secret would answer with its values, one of a token with a token."""
    core = client.CoreV1Api(previewer)
    secret = client.V1Secret(
        metadata=client.V1ObjectMeta(name="hidden"), string_data={"password": "made-up"}
    )
    client.CoreV1Api(api).create_namespaced_secret("default", secret)
    assert refused(core.read_namespaced_secret, "hidden", "default")
    assert refused(core.list_secret_for_all_namespaces)
    assert refused(core.patch_namespaced_secret, "hidden", "default", {}, **DRY)
    request: Any = {"spec": {"audiences": ["x"]}}
    token = core.create_namespaced_service_account_token
    assert refused(token, "default", "default", request, **DRY)
    client.CoreV1Api(api).delete_namespaced_secret("hidden", "default")


@pytest.mark.usefixtures("guarded")
def test_a_preview_reads_who_may_what_and_gives_nobody_more(previewer: client.ApiClient) -> None:
    rbac = client.RbacAuthorizationV1Api(previewer)
    admission = client.AdmissionregistrationV1Api(previewer)
    assert rbac.read_cluster_role("stackyard-preview").rules
    assert admission.read_validating_admission_policy("stackyard-preview").spec
    assert refused(rbac.patch_cluster_role, "stackyard-preview", {}, **DRY)
    assert refused(admission.delete_validating_admission_policy, "stackyard-preview")
    assert refused(admission.patch_validating_admission_policy, "stackyard-preview", {})


@pytest.mark.usefixtures("guarded")
def test_the_official_provider_previews_as_that_role_and_applies_nothing(
    tmp_path: Path, official_port: int, plane: ControlPlane
) -> None:
    administrator = plane.kubeconfig_path.read_text()
    pods = "100"

    def program(cluster: k8s.Provider) -> None:
        k8s.core.v1.ResourceQuota(
            "quota",
            metadata=k8s.meta.v1.ObjectMetaArgs(name="tried", namespace="default"),
            spec=k8s.core.v1.ResourceQuotaSpecArgs(hard={"pods": pods}),
            opts=pulumi.ResourceOptions(provider=cluster),
        )

    stack = ClusterStack(tmp_path, official_port, administrator)
    stack.program = program
    try:
        stack.up()
        stack.settings["kubeconfig"] = impersonating(administrator)
        assert stack.steps(refresh=True) == {"cluster": ("update", [])}
        pods = "90"
        found = stack.steps(refresh=True)
        assert found["quota"] == ("update", ["spec.hard.pods"])
        assert "and make none" in stack.error(stack.up)
        pods = "100"
    finally:
        stack.settings["kubeconfig"] = administrator
        stack.up()
        stack.destroy()


def impersonating(kubeconfig: str) -> str:
    """The kubeconfig of a member of the group."""
    config = json.loads(kubeconfig)
    for entry in config["users"]:
        entry["user"] |= {"as": "stackyard-preview", "as-groups": [PREVIEW_GROUP]}
    return json.dumps(config)
