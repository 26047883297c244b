"""The control plane as its users meet it: the official client, real scheduling, stop, crash."""

import json
import os
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from stackyard_sandbox import toolchain
from stackyard_sandbox.control_plane import ControlPlane, ControlPlaneError
from stackyard_sandbox.control_plane.members import MEMBERS

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

GPU_TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}
GPU_NODE = {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "4"}


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    toolchain.build(MEMBERS, progress=print)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One running cluster with an ordinary node and a tainted GPU node."""
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), "cloud")
    plane.start()
    plane.add_node("cpu-0", {"pool": "general"}, capacity={"cpu": "4", "memory": "16Gi"})
    plane.add_node("gpu-0", {"pool": "gpu"}, [GPU_TAINT], GPU_NODE)
    yield plane
    plane.stop()


def connect(plane: ControlPlane) -> client.ApiClient:
    return config.new_client_from_config(str(plane.kubeconfig_path))


def eventually(read: Callable[[], Any], seconds: float = 90) -> Any:
    """The first truthy answer, or a failure that shows the last one."""
    deadline = time.monotonic() + seconds
    while not (answer := read()):
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        time.sleep(0.1)
    return answer


def deployment(name: str, replicas: int, spec: dict[str, Any]) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def container(**resources: str) -> dict[str, Any]:
    return {"name": "main", "image": "example/app:1", "resources": {"limits": resources}}


def running(core: client.CoreV1Api, name: str) -> list[str]:
    """The nodes on which the pods of a Deployment run."""
    pods = core.list_namespaced_pod("default", label_selector=f"app={name}").items
    return [pod.spec.node_name for pod in pods if pod.status.phase == "Running"]


def test_pods_land_where_taints_and_gpus_say(plane: ControlPlane) -> None:
    api = connect(plane)
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    apps.create_namespaced_deployment(
        "default", deployment("web", 2, {"containers": [container(cpu="1")]})
    )
    tolerating = {
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "containers": [container(**{"cpu": "1", "nvidia.com/gpu": "1"})],
    }
    apps.create_namespaced_deployment("default", deployment("train", 2, tolerating))
    intolerant = {"containers": [container(**{"nvidia.com/gpu": "1"})]}
    apps.create_namespaced_deployment("default", deployment("forgot", 1, intolerant))

    assert eventually(lambda: len(nodes := running(core, "web")) == 2 and nodes) == ["cpu-0"] * 2
    assert eventually(lambda: len(nodes := running(core, "train")) == 2 and nodes) == ["gpu-0"] * 2

    def refusal() -> str | None:
        pods = core.list_namespaced_pod("default", label_selector="app=forgot").items
        found = [c.message for p in pods for c in p.status.conditions or [] if c.status == "False"]
        return found[0] if found else None

    assert "untolerated taint" in eventually(refusal)


def test_jobs_complete_and_services_get_addresses(plane: ControlPlane) -> None:
    api = connect(plane)
    core, batch = client.CoreV1Api(api), client.BatchV1Api(api)
    template = {"spec": {"restartPolicy": "Never", "containers": [container(cpu="1")]}}
    job = {"metadata": {"name": "smoke"}, "spec": {"template": template}}
    batch.create_namespaced_job("default", job)
    service = {
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    made = core.create_namespaced_service("default", service)

    assert made.spec.cluster_ip.startswith("10.96.")
    eventually(lambda: batch.read_namespaced_job("smoke", "default").status.succeeded)


def test_admission_is_on(plane: ControlPlane) -> None:
    core = client.CoreV1Api(connect(plane))
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace({"metadata": {"name": "strict", "labels": labels}})
    eventually(lambda: core.list_namespaced_service_account("strict").items)
    pod = {"metadata": {"name": "root"}, "spec": {"containers": [container(cpu="1")]}}
    with pytest.raises(ApiException, match="violates PodSecurity"):
        core.create_namespaced_pod("strict", pod)


def test_a_namespace_and_what_is_in_it_goes(plane: ControlPlane) -> None:
    core = client.CoreV1Api(connect(plane))
    core.create_namespace({"metadata": {"name": "gone"}})
    core.create_namespaced_config_map("gone", {"metadata": {"name": "held"}})
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    core.create_namespaced_persistent_volume_claim("gone", claim)
    core.delete_namespace("gone")

    eventually(lambda: "gone" not in [n.metadata.name for n in core.list_namespace().items], 30)


def test_removing_a_node_takes_its_pods(plane: ControlPlane) -> None:
    core = client.CoreV1Api(connect(plane))
    plane.add_node("spare", {"pool": "spare"})
    pod = {
        "metadata": {"name": "guest"},
        "spec": {"nodeSelector": {"pool": "spare"}, "containers": [container(cpu="1")]},
    }
    core.create_namespaced_pod("default", pod)
    eventually(lambda: core.read_namespaced_pod("guest", "default").status.phase == "Running")
    plane.remove_node("spare")
    plane.remove_node("spare")

    assert "spare" not in [node.metadata.name for node in core.list_node().items]
    assert "guest" not in [pod.metadata.name for pod in core.list_namespaced_pod("default").items]


def test_a_changed_node_keeps_nothing_of_the_old(plane: ControlPlane) -> None:
    core = client.CoreV1Api(connect(plane))
    plane.add_node("changing", {"pool": "one"}, [GPU_TAINT], GPU_NODE)
    plane.add_node("changing", {"zone": "a"}, capacity={"cpu": "2", "memory": "4Gi"})
    node = core.read_node("changing")
    plane.remove_node("changing")

    assert "pool" not in node.metadata.labels
    assert node.metadata.labels["zone"] == "a"
    assert "nvidia.com/gpu" not in [taint.key for taint in node.spec.taints or []]
    assert node.status.capacity == {"cpu": "2", "memory": "4Gi", "pods": "110"}


def test_who_is_refused(plane: ControlPlane) -> None:
    trust = ssl.create_default_context(cadata=plane.ca_pem)
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        request = urllib.request.Request(f"{plane.endpoint}/api", headers=headers)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, context=trust)


def test_everything_listens_on_loopback_only(plane: ControlPlane) -> None:
    inodes = set()
    for member in plane.members():
        for entry in Path(f"/proc/{member.pid}/fd").iterdir():
            inodes.add(str(entry.readlink()))
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    listening = [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]

    assert listening
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}


def test_secrets_on_disk_are_private(plane: ControlPlane) -> None:
    folder = plane.kubeconfig_path.parent
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_the_audit_log_names_the_person(plane: ControlPlane) -> None:
    client.CoreV1Api(connect(plane)).list_namespaced_secret("default")
    lines = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    events = [line for line in lines if line.get("objectRef", {}).get("resource") == "secrets"]
    assert events[-1]["user"]["username"] == "stackyard-admin"
    assert events[-1]["verb"] == "list"


def test_objects_survive_a_stop(tmp_path: Path) -> None:
    plane = ControlPlane(tmp_path, "kept")
    plane.start()
    try:
        endpoint, pids = plane.endpoint, [member.pid for member in plane.members()]
        core = client.CoreV1Api(connect(plane))
        core.create_namespaced_config_map("default", {"metadata": {"name": "kept"}})
        plane.start()
        assert [member.pid for member in plane.members()] == pids
        assert set(plane.health().values()) == {"ok"}
        plane.stop()
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert set(plane.health().values()) == {"stopped"}

        plane = ControlPlane(tmp_path, "kept")
        plane.start()
        assert plane.endpoint == endpoint
        assert core.read_namespaced_config_map("kept", "default").metadata.name == "kept"
    finally:
        plane.stop()


def test_a_crash_of_everything_is_recovered(tmp_path: Path) -> None:
    plane = ControlPlane(tmp_path, "crashed")
    plane.start()
    try:
        core = client.CoreV1Api(connect(plane))
        core.create_namespaced_config_map("default", {"metadata": {"name": "kept"}})
        for member in plane.members():
            os.kill(member.pid or 0, signal.SIGKILL)
        eventually(lambda: not any(member.alive for member in plane.members()))
        plane.start()
        assert core.read_namespaced_config_map("kept", "default").metadata.name == "kept"

        scheduler = next(m for m in plane.members() if m.name == "kube-scheduler")
        os.kill(scheduler.pid or 0, signal.SIGKILL)
        eventually(lambda: plane.health()["kube-scheduler"] == "stopped")
        plane.start()
        assert set(plane.health().values()) == {"ok"}
    finally:
        plane.stop()


def test_two_clusters_side_by_side(plane: ControlPlane, tmp_path: Path) -> None:
    other = ControlPlane(tmp_path, "on-premises")
    other.start()
    try:
        other.add_node("dgx-0", {"pool": "gpu"}, [GPU_TAINT], {**GPU_NODE, "nvidia.com/gpu": "8"})
        names = {
            of.name: [n.metadata.name for n in client.CoreV1Api(connect(of)).list_node().items]
            for of in (plane, other)
        }
        assert names == {"cloud": ["cpu-0", "gpu-0"], "on-premises": ["dgx-0"]}
        assert plane.endpoint != other.endpoint
        request = urllib.request.Request(f"{other.endpoint}/api")
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(request, context=ssl.create_default_context(cadata=plane.ca_pem))
    finally:
        other.stop()


class TokenReviews(BaseHTTPRequestHandler):
    """Answers TokenReview as a cloud's identity service does."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = review["spec"]["token"]
        user = {"username": token.removeprefix("role-"), "groups": ["scientists"]}
        known = token.startswith("role-")
        review["status"] = {"authenticated": known, **({"user": user} if known else {})}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(review).encode())

    def log_message(self, *args: Any) -> None:
        pass


def test_unknown_tokens_are_asked_about(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), TokenReviews)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/authenticate"
    plane = ControlPlane(tmp_path, "federated", token_webhook_url=url)
    plane.start()
    try:
        api = connect(plane)
        review = {"spec": {"token": "role-ada"}}
        answer = client.AuthenticationV1Api(api).create_token_review(review).status
        assert answer.user.username == "ada"
        assert "scientists" in answer.user.groups
        refused = client.AuthenticationV1Api(api).create_token_review({"spec": {"token": "x"}})
        assert not refused.status.authenticated
    finally:
        plane.stop()
        server.shutdown()


def test_a_member_that_cannot_start_is_named_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stackyard_sandbox.control_plane.members.SERVICE_RANGE", "nonsense")
    plane = ControlPlane(tmp_path, "broken")
    with pytest.raises(ControlPlaneError, match=r"kube-apiserver of broken ended:\n.*valid cidr"):
        plane.start()
    assert not any(member.alive for member in plane.members())
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True)
    assert left.stdout == ""
