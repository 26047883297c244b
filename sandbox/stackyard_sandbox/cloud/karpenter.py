"""Runs Karpenter for each cluster in which a stack has declared it.

It is the program that runs on AWS, as a process instead of in a container: with the environment of
a running pod of the Deployment, the token of the pod's service account, and the AWS role that EKS
Pod Identity gives to that account. Nothing more than these lets it do anything.
"""

import base64
import hashlib
import json
import logging
import time
from typing import Any
from urllib.parse import quote

from stackyard_sandbox.cloud import pod_identity
from stackyard_sandbox.cloud.eks_cluster import EksCluster
from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.control_plane.api import Api
from stackyard_sandbox.processes import LOOPBACK, free_ports, write_private
from stackyard_sandbox.quantities import quantity
from stackyard_sandbox.toolchain import tool

DEPLOYMENT = "karpenter"
CONTAINER = "controller"

TOKEN_SECONDS = 3600
"""How long a token of the service account is good for; it is renewed after half of that."""

PATIENCE = 5.0
"""Seconds before the second start of a Karpenter that has ended; doubled with each further one."""

LONGEST = 80.0
"""The longest such pause, in seconds."""

Pod = dict[str, Any]

log = logging.getLogger(__name__)


class Karpenter:
    """The Karpenter of one cluster, running or not."""

    def __init__(self, fleet: Fleet, cluster: EksCluster, port: int) -> None:
        self._fleet, self._cluster, self._port = fleet, cluster, port
        self._process = fleet.karpenter(cluster)
        self._folder = self._process.folder
        self._renewed = 0.0
        self._starts, self._not_before = 0, 0.0

    def look(self) -> None:
        """Start, restart or stop it, as the cluster has it now."""
        api = self._fleet.api(self._cluster)
        pod = _running_pod(api)
        if pod is None:
            self.stop()
            return
        environment = {**_environment(pod), **self._places(pod)}
        identity = _digest(pod["metadata"]["uid"], environment)
        record = self._folder / "started-for"
        if self._process.alive() and record.exists() and record.read_text() == identity:
            self._renew(api, pod)
            return
        if record.exists() and record.read_text() != identity:
            self._starts, self._not_before = 0, 0.0
        if time.monotonic() >= self._not_before:
            self._start(api, pod, environment)
            write_private(record, identity)

    def stop(self) -> None:
        """End it; harmless when it does not run."""
        if self._process.alive():
            self._process.stop()

    def _start(self, api: Api, pod: Pod, environment: dict[str, str]) -> None:
        self.stop()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._renewed = 0.0
        self._renew(api, pod)
        write_private(self._folder / "kubeconfig", json.dumps(self._kubeconfig()))
        metrics, health = free_ports(2)
        ports = {"METRICS_PORT": str(metrics), "HEALTH_PROBE_PORT": str(health)}
        self._process.start([str(tool("karpenter"))], environment | ports, inherit=False)
        pause = min(PATIENCE * 2**self._starts, LONGEST)
        self._starts, self._not_before = self._starts + 1, time.monotonic() + pause

    def _renew(self, api: Api, pod: Pod) -> None:
        """Write new tokens when half of the old ones' time is over."""
        if self._renewed and time.monotonic() - self._renewed < TOKEN_SECONDS / 2:
            return
        for name, audiences in (("token", []), ("aws-token", [pod_identity.AUDIENCE])):
            write_private(self._folder / name, _token(api, pod, audiences))
        self._renewed = time.monotonic()

    def _places(self, pod: Pod) -> dict[str, str]:
        """What the kubelet and EKS tell a container, with the addresses of this machine.

        https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
        """
        region = str(self._cluster.arn).split(":")[3]
        here = f"http://{LOOPBACK}:{self._port}"
        return {
            "HOME": str(self._folder),
            "KUBECONFIG": str(self._folder / "kubeconfig"),
            "LEADER_ELECTION_NAMESPACE": pod["metadata"]["namespace"],
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": here,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": (
                f"{here}{pod_identity.AGENT}/{quote(str(self._cluster.name))}"
            ),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self._folder / "aws-token"),
        }

    def _kubeconfig(self) -> dict[str, Any]:
        plane = self._fleet.plane(self._cluster)
        authority = base64.b64encode(plane.ca_pem.encode()).decode()
        cluster = {"server": plane.endpoint, "certificate-authority-data": authority}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": "pod", "user": {"tokenFile": str(self._folder / "token")}}],
            "contexts": [{"name": "pod", "context": {"cluster": "here", "user": "pod"}}],
            "current-context": "pod",
        }


def _running_pod(api: Api) -> Pod | None:
    """The oldest running pod of the Deployment; of several replicas one would lead."""
    result = api.get(f"/apis/apps/v1/deployments?fieldSelector=metadata.name%3D{DEPLOYMENT}")
    for deployment in result["items"]:
        labels = deployment["spec"]["selector"]["matchLabels"]
        selector = quote(",".join(f"{key}={value}" for key, value in labels.items()), safe="")
        namespace = deployment["metadata"]["namespace"]
        pods = api.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")["items"]
        running = [
            pod
            for pod in pods
            if pod["status"].get("phase") == "Running"
            and "deletionTimestamp" not in pod["metadata"]
        ]
        if running:
            oldest: Pod = min(running, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
            return oldest
    return None


def _environment(pod: Pod) -> dict[str, str]:
    """The environment of the pod's controller, as the kubelet would resolve it."""
    containers = pod["spec"]["containers"]
    container = next((each for each in containers if each["name"] == CONTAINER), containers[0])
    return {entry["name"]: _value(entry, container, pod) for entry in container.get("env", [])}


def _value(entry: dict[str, Any], container: dict[str, Any], pod: Pod) -> str:
    """A value as it stands, of the pod's fields, or of the container's resources.

    https://kubernetes.io/docs/concepts/workloads/pods/downward-api
    """
    source = entry.get("valueFrom")
    if source is None:
        return str(entry.get("value", ""))
    if field := source.get("fieldRef"):
        result: Any = pod
        for name in field["fieldPath"].split("."):
            result = result[name]
        return str(result)
    if resource := source.get("resourceFieldRef"):
        kind, _, name = resource["resource"].partition(".")
        amount = quantity(str(container.get("resources", {}).get(kind, {}).get(name, "0")))
        divisor = quantity(str(resource.get("divisor") or "1"))
        return str(int(amount / (divisor or 1)))
    raise NotImplementedError(f"the sandbox does not resolve {entry['name']} of Karpenter's pod")


def _token(api: Api, pod: Pod, audiences: list[str]) -> str:
    """A token of the pod's service account, which ends with the pod."""
    metadata = pod["metadata"]
    bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {
            "audiences": audiences,
            "expirationSeconds": TOKEN_SECONDS,
            "boundObjectRef": bound,
        },
    }
    account = pod["spec"]["serviceAccountName"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
    return str(json.loads(api.call("POST", path, request))["status"]["token"])


def _digest(uid: str, environment: dict[str, str]) -> str:
    text = json.dumps([uid, environment], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
