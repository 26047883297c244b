"""Hybrid: one manifest, two clusters, one tracking server, and no AWS keys on premises.

No pod really runs: what the pods of both clusters are told by their own API server is given to
processes, and those log to the one tracking server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml
from botocore.exceptions import ClientError

from audits.web_identity import trade, without_keys
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .experiments import Tracking
from .onprem import KUBECONFIG, NAME

STACK = "vision/defects/dev"
NAMESPACE = "vision-defects-dev"
CLOUD = "platform-foundation-dev"
OUTSIDE = "https://tracking.defects.acme.example"

FIT = """
import os, mlflow
with mlflow.start_run():
    mlflow.log_param("stack", os.environ["STACKYARD_STACK"])
    mlflow.log_metric("f1", 0.9)
"""
"""What stands for the project's own program in the image: it knows nothing of places."""


@pytest.fixture(scope="module")
def clusters(applied: Workspace, kube: KubernetesClients) -> dict[str, Any]:
    return {"cloud": kube(CLOUD), "onprem": kube(NAME)}


def as_scientist(
    clusters: dict[str, Any], kube: KubernetesClients, assume: Assume
) -> dict[str, Any]:
    """In the cloud by the role, on premises by the group that its sign-in would give."""
    from kubernetes import client

    onprem = client.ApiClient(clusters["onprem"].configuration)
    set_header: Any = onprem.set_default_header
    set_header("Impersonate-User", "somebody")
    set_header("Impersonate-Group", f"stackyard:{NAMESPACE}:scientist")
    return {"cloud": kube(CLOUD, assume(f"{NAMESPACE}-scientist")), "onprem": onprem}


@pytest.fixture(scope="module")
def placed(
    applied: Workspace, clusters: dict[str, Any], kube: KubernetesClients, assume: Assume
) -> dict[str, Any]:
    """The pod of one and the same manifest on each cluster, once the scheduler has placed it."""
    from kubernetes import client

    text = applied.run("train", "render", STACK, "fit")
    assert text == applied.run("train", "render", STACK, "fit", "--cluster", f"onprem:{NAME}")
    job, found = yaml.safe_load(text), {}
    for where, api in as_scientist(clusters, kube, assume).items():
        made: Any = client.BatchV1Api(api).create_namespaced_job(NAMESPACE, job)
        try:
            found[where] = _running(clusters[where], made.metadata.name)
        finally:
            client.BatchV1Api(api).delete_namespaced_job(
                made.metadata.name, NAMESPACE, propagation_policy="Background"
            )
    return found


def test_one_manifest_is_taken_and_scheduled_on_gpu_nodes_of_both(
    clusters: dict[str, Any], placed: dict[str, Any]
) -> None:
    from kubernetes import client

    for where, pod in placed.items():
        node: Any = client.CoreV1Api(clusters[where]).read_node(pod.spec.node_name)
        assert node.metadata.labels["stackyard.dev/gpu-pool"] == "training", where
        assert int(node.status.allocatable["nvidia.com/gpu"]) > 0, where


def test_namespaces_quotas_and_rights_are_the_same(clusters: dict[str, Any]) -> None:
    from kubernetes import client

    found = {where: _shape(client, api) for where, api in clusters.items()}
    assert found["cloud"] == found["onprem"]
    assert found["cloud"]["quota"]["requests.nvidia.com/gpu"] == "2"


def test_both_are_told_the_same_but_for_the_way_in(clusters: dict[str, Any]) -> None:
    from kubernetes import client

    told: Any = {
        where: client.CoreV1Api(api).read_namespaced_config_map("tracking", NAMESPACE).data
        for where, api in clusters.items()
    }
    assert told["onprem"].pop("MLFLOW_TRACKING_URI") == OUTSIDE
    assert told["cloud"].pop("MLFLOW_TRACKING_URI").startswith(f"http://tracking.{NAMESPACE}.svc")
    assert told["cloud"] == told["onprem"]


def test_runs_of_both_lie_side_by_side_in_one_experiment(
    clusters: dict[str, Any], placed: dict[str, Any], tracking: Tracking, tmp_path: Path
) -> None:
    """Each pod's own command and environment; only the server's address is replaced."""
    module = tmp_path / "defects" / "fit.py"
    module.parent.mkdir()
    module.write_text(FIT)
    running = {
        where: subprocess.Popen(
            _command(pod),
            env={
                **_environment(clusters[where], pod),
                "MLFLOW_TRACKING_URI": tracking.uri,
                "PATH": os.environ["PATH"],
            },
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for where, pod in placed.items()
    }
    told = {where: one.communicate(timeout=120)[0] for where, one in running.items()}
    assert {one.returncode for one in running.values()} == {0}, told

    server = mlflow.MlflowClient(tracking.uri)
    experiment = server.get_experiment_by_name("defects")
    runs = server.search_runs([experiment.experiment_id], "params.stack = 'vision/defects/dev'")
    places = {run.data.tags["stackyard.place"] for run in runs}
    assert places == {"cloud", "onprem-berlin"}
    for place in places:
        (one,) = server.search_runs(
            [experiment.experiment_id], f"tags.`stackyard.place` = '{place}'"
        )
        assert (one.info.status, one.data.metrics) == ("FINISHED", {"f1": 0.9})


def test_the_server_answers_to_the_name_that_is_used_on_premises(tracking: Tracking) -> None:
    host = OUTSIDE.removeprefix("https://")
    address = f"{tracking.uri}/api/2.0/mlflow/experiments/get?experiment_id=0"
    request = urllib.request.Request(address, headers={"Host": host})
    assert urllib.request.urlopen(request, timeout=10).status == 200


def test_pods_on_premises_are_trusted_by_their_token_and_by_nothing_else(
    applied: Workspace, clusters: dict[str, Any], aws: Clients, tmp_path: Path
) -> None:
    """A pod's token and what the ConfigMap tells it are all that its AWS client has."""
    from kubernetes import client

    onprem, cloud = (client.CoreV1Api(clusters[where]) for where in ("onprem", "cloud"))
    place: Any = onprem.read_namespaced_config_map("place", NAMESPACE)
    photos = applied.contract(STACK)["datasets"]["photos"]
    aws("s3").put_object(Bucket=photos, Key="incoming/hybrid.jpg", Body=b"a part")
    token = _token(onprem, "trainer")
    told = _as_pod(place.data, token, applied.sandbox, tmp_path, photos)
    role = place.data["AWS_ROLE_ARN"].rpartition("/")[2]
    assert told == {
        "arn": f"arn:aws:sts::123456789012:assumed-role/{role}/pod",
        "read": "a part",
        "written": "AccessDenied",
        "listed": "AccessDenied",
    }
    sts, arn = without_keys(applied.sandbox), place.data["AWS_ROLE_ARN"]
    assert trade(sts, arn, token)
    head, body, signature = token.split(".")
    swapped = ".".join((head, _token(onprem, "server").split(".")[1], signature))
    for code, wrong in (
        ("AccessDenied", _token(onprem, "server")),
        ("InvalidIdentityToken", _token(onprem, "trainer", "https://kubernetes.default.svc")),
        # The same account of the cluster in the cloud, whose issuer AWS was not told of.
        ("InvalidIdentityToken", _token(cloud, "trainer")),
        ("InvalidIdentityToken", swapped),
        ("InvalidIdentityToken", f"{head}.{body}.{signature[::-1]}"),
    ):
        with pytest.raises(ClientError, match=code):
            trade(sts, arn, wrong)
    here: Any = cloud.read_namespaced_config_map("place", NAMESPACE)
    assert "AWS_ROLE_ARN" not in here.data


def test_state_holds_where_the_kubeconfig_is_and_not_what_is_in_it(
    applied: Workspace, clusters: dict[str, Any]
) -> None:
    _, _, token = clusters["onprem"].configuration.api_key["BearerToken"].partition(" ")
    assert len(token) > 20
    state = Path(applied.sandbox.directory) / "state"
    texts = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    assert any(KUBECONFIG.encode() in text for text in texts)
    assert not any(token.encode() in text for text in texts)


def _command(pod: Any) -> list[str]:
    (container,) = pod.spec.containers
    program, *arguments = container.command
    assert program == "python"
    return [sys.executable, *arguments]


def _environment(api: Any, pod: Any) -> dict[str, str]:
    """What the kubelet would make of the container's `envFrom` and `env` on that cluster."""
    from kubernetes import client

    (container,) = pod.spec.containers
    found: dict[str, str] = {}
    for source in container.env_from:
        name = source.config_map_ref.name
        config: Any = client.CoreV1Api(api).read_namespaced_config_map(name, NAMESPACE)
        found |= config.data
    return found | {entry.name: entry.value for entry in container.env}


def _running(api: Any, job: str) -> Any:
    import time

    from kubernetes import client

    core = client.CoreV1Api(api)
    # In the cloud Karpenter starts a node first.
    end = time.monotonic() + 90
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
        "roles": {
            role.metadata.name: [rule.to_dict() for rule in role.rules]
            for role in roles
            # Of servers, which are in the cloud only.
            if not role.metadata.name.endswith("-password-rotation")
        },
        "walls": {
            one.metadata.name: one.spec.to_dict() for one in walls if one.metadata.name in own
        },
        "priorities": {
            one.metadata.name: one.value
            for one in priorities
            if one.metadata.name.startswith("stackyard-")
        },
    }


POD = """
import json, sys, boto3
from botocore.exceptions import ClientError

def tried(call, **asked):
    try:
        return call(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]

bucket, key = sys.argv[1:]
s3 = boto3.client("s3")
print(json.dumps({
    "arn": boto3.client("sts").get_caller_identity()["Arn"],
    "read": s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode(),
    "written": tried(s3.put_object, Bucket=bucket, Key=key, Body=b"mine"),
    "listed": tried(s3.list_buckets),
}))
"""
"""What a program in the image could do; its client finds credentials by itself."""


def _as_pod(told: dict[str, str], token: str, sandbox: Sandbox, folder: Path, bucket: str) -> Any:
    """Run it with the environment of a pod on premises: no keys, but a token in a file."""
    file = folder / "token"
    file.write_text(token)
    environment = {
        **told,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_SESSION_NAME": "pod",
        "AWS_ENDPOINT_URL": sandbox.aws.endpoint,
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-c", POD, bucket, "incoming/hybrid.jpg"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _token(core: Any, account: str, audience: str = "sts.amazonaws.com") -> str:
    """Ask an API server for a token, as the kubelet does for a pod of the account."""
    from kubernetes import client

    spec = client.V1TokenRequestSpec(audiences=[audience])
    body = client.AuthenticationV1TokenRequest(spec=spec)
    issued = core.create_namespaced_service_account_token(account, NAMESPACE, body)
    return str(issued.status.token)
