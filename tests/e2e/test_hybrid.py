"""Hybrid: one manifest, two clusters, one tracking server, and no AWS keys on premises."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .onprem import ISSUER

STACK = "vision/defects/dev"
NAMESPACE = "vision-defects-dev"
CLOUD = "platform-foundation-dev"


@pytest.fixture(scope="module")
def clusters(applied: Any, berlin: Any, kube: Callable[..., Any]) -> dict[str, Any]:
    from kubernetes import config

    load: Any = config.new_client_from_config
    onprem = load(config_file=str(berlin.kubeconfig_path))
    return {"cloud": kube(CLOUD), "onprem": onprem}


def as_scientist(clusters: dict[str, Any], kube: Callable[..., Any], assume: Any) -> dict[str, Any]:
    """In the cloud by the role, on premises by the group that its sign-in would give."""
    from kubernetes import client

    onprem = client.ApiClient(clusters["onprem"].configuration)
    set_header: Any = onprem.set_default_header
    set_header("Impersonate-User", "somebody")
    set_header("Impersonate-Group", f"stackyard:{NAMESPACE}:scientist")
    return {"cloud": kube(CLOUD, assume(f"{NAMESPACE}-scientist")), "onprem": onprem}


def test_one_manifest_is_taken_and_scheduled_on_gpu_nodes_of_both(
    applied: Any, clusters: dict[str, Any], kube: Callable[..., Any], assume: Any
) -> None:
    from kubernetes import client

    text = applied.run("train", "render", STACK, "fit")
    assert text == applied.run("train", "render", STACK, "fit", "--on", "onprem:berlin")
    job = yaml.safe_load(text)
    for where, api in as_scientist(clusters, kube, assume).items():
        made: Any = client.BatchV1Api(api).create_namespaced_job(NAMESPACE, job)
        try:
            pod = _running(clusters[where], made.metadata.name)
        finally:
            client.BatchV1Api(api).delete_namespaced_job(
                made.metadata.name, NAMESPACE, propagation_policy="Background"
            )
        node: Any = client.CoreV1Api(clusters[where]).read_node(pod.spec.node_name)
        assert node.metadata.labels["stackyard.dev/gpu-pool"] == "training", where
        assert int(node.status.allocatable["nvidia.com/gpu"]) > 0, where


def test_namespaces_quotas_and_rights_are_the_same(clusters: dict[str, Any]) -> None:
    from kubernetes import client

    found = {where: _shape(client, api) for where, api in clusters.items()}
    assert found["cloud"] == found["onprem"]
    assert found["cloud"]["quota"]["requests.nvidia.com/gpu"] == "2"


def test_runs_of_both_go_to_one_tracking_server(clusters: dict[str, Any]) -> None:
    from kubernetes import client

    told: Any = {
        where: client.CoreV1Api(api).read_namespaced_config_map("tracking", NAMESPACE).data
        for where, api in clusters.items()
    }
    assert told["onprem"].pop("MLFLOW_TRACKING_URI") == "https://tracking.defects.acme.example"
    assert told["cloud"].pop("MLFLOW_TRACKING_URI").startswith(f"http://tracking.{NAMESPACE}.svc")
    assert told["cloud"] == told["onprem"]


def test_pods_on_premises_are_trusted_by_their_token_and_by_nothing_else(
    applied: Any, clusters: dict[str, Any], aws: Callable[..., Any]
) -> None:
    """What the role asks of a token is what the API server really writes into one."""
    from kubernetes import client

    core = client.CoreV1Api(clusters["onprem"])
    place: Any = core.read_namespaced_config_map("place", NAMESPACE)
    name = place.data["AWS_ROLE_ARN"].rpartition("/")[2]
    role = aws("iam").get_role(RoleName=name)["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    provider = statement["Principal"]["Federated"]
    described = aws("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    wanted = statement["Condition"]["StringEquals"]
    tokens = {
        account: _claims(core, account, described["ClientIDList"])
        for account in ("trainer", "server")
    }
    issuer = ISSUER.removeprefix("https://")
    assert described["Url"].removeprefix("https://") == issuer
    assert {claims["iss"] for claims in tokens.values()} == {ISSUER}
    for account, claims in tokens.items():
        said = {f"{issuer}:sub": claims["sub"], f"{issuer}:aud": claims["aud"][0]}
        assert (said == wanted) == (account == "trainer")
    here: Any = client.CoreV1Api(clusters["cloud"]).read_namespaced_config_map("place", NAMESPACE)
    assert "AWS_ROLE_ARN" not in here.data


def test_state_holds_where_the_kubeconfig_is_and_not_what_is_in_it(
    applied: Any, berlin: Any
) -> None:
    state = Path(applied.sandbox.directory) / "state"
    texts = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    assert any(str(berlin.kubeconfig_path).encode() in text for text in texts)
    assert not any(berlin.token.encode() in text for text in texts)


def _running(api: Any, job: str) -> Any:
    import time

    from kubernetes import client

    core = client.CoreV1Api(api)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        pods: Any = core.list_namespaced_pod(NAMESPACE, label_selector=f"job-name={job}")
        for pod in pods.items:
            if pod.spec.node_name:
                return pod
        time.sleep(0.3)
    raise AssertionError(f"{job}: {[pod.status for pod in pods.items]}")


def _shape(client: Any, api: Any) -> dict[str, Any]:
    core, rbac = client.CoreV1Api(api), client.RbacAuthorizationV1Api(api)
    roles = rbac.list_namespaced_role(NAMESPACE).items
    walls = client.NetworkingV1Api(api).list_namespaced_network_policy(NAMESPACE).items
    labels = core.read_namespace(NAMESPACE).metadata.labels
    priorities = client.SchedulingV1Api(api).list_priority_class().items
    own = ("default-deny", "allow-namespace", "allow-dns", "allow-https", "allow-pod-identity")
    return {
        "security": {key: value for key, value in labels.items() if "pod-security" in key},
        "quota": core.read_namespaced_resource_quota("quota", NAMESPACE).spec.hard,
        "roles": {role.metadata.name: [rule.to_dict() for rule in role.rules] for role in roles},
        "walls": {
            one.metadata.name: one.spec.to_dict() for one in walls if one.metadata.name in own
        },
        "priorities": {
            one.metadata.name: one.value
            for one in priorities
            if one.metadata.name.startswith("stackyard-")
        },
    }


def _claims(core: Any, account: str, audiences: list[str]) -> dict[str, Any]:
    from kubernetes import client

    spec = client.V1TokenRequestSpec(audiences=audiences)
    body = client.AuthenticationV1TokenRequest(spec=spec)
    token = core.create_namespaced_service_account_token(account, NAMESPACE, body).status.token
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims
