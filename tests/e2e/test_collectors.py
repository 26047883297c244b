"""What collects metrics, as its pods run it: from a page of metrics to the project's workspace.

The Prometheus is the one of the image, with the arguments, the file, the identity and the network
of places that are declared; in the file, names of services are replaced by addresses of this
machine, and thirty seconds by one. The workspace's Prometheus is a second one.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from kubernetes import client

from stackyard_sandbox import toolchain
from stackyard_sandbox.cloud import remote_write
from stackyard_sandbox.processes import LOOPBACK, Process, free_ports
from stackyard_sandbox.state import Sandbox
from tests.support.clients import REGION, Clients
from tests.support.workspace import Workspace

from .experiments import CLUSTER, NAMESPACE
from .pods import Pods
from .scraping import Store, here, listed, of_karpenter, page, served, until

METRICS = "stackyard-metrics"
COLLECTOR = f"{NAMESPACE}-collector"
OTHER = "ranking-recommender-dev"
CLUSTER_METRICS = "cluster-metrics"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@pytest.fixture(scope="module")
def prometheus() -> str:
    return str(toolchain.build(["prometheus"], progress=print)["prometheus"])


@pytest.fixture(scope="module")
def agent(pods: Pods) -> dict[str, Any]:
    """The collector's pod: its specification, its container, and its file as data."""
    spec = pods.apps.read_namespaced_deployment(COLLECTOR, METRICS).spec.template.spec
    (container,) = spec.containers
    text = pods.settings(COLLECTOR, METRICS)["prometheus.yaml"]
    return {"spec": spec, "container": container, "config": yaml.safe_load(text)}


def test_every_address_is_a_service_that_leads_to_each_of_its_pods(
    kube: Any, agent: dict[str, Any]
) -> None:
    """A service with an address of its own would answer for one pod of many."""
    core = client.CoreV1Api(kube(CLUSTER))
    for job in agent["config"]["scrape_configs"]:
        (discovery,) = job["dns_sd_configs"]
        (address,) = discovery["names"]
        name, namespace, rest = address.split(".", 2)
        assert rest == "svc.cluster.local"
        service: Any = core.read_namespaced_service(name, namespace)
        (port,) = service.spec.ports
        assert port.port == discovery["port"]
        selector = ",".join(f"{key}={value}" for key, value in service.spec.selector.items())
        found = core.list_namespaced_pod(namespace, label_selector=selector).items
        assert len(found) <= 1 or service.spec.cluster_ip == "None", address


@pytest.fixture(scope="module")
def shown(pods: Pods) -> list[dict[str, Any]]:
    """The pods of the cluster, as kube-state-metrics may see them with its token."""
    spec = pods.apps.read_namespaced_deployment(CLUSTER_METRICS, METRICS).spec.template.spec
    assert spec.automount_service_account_token
    (flag,) = (word for word in spec.containers[0].command if word.startswith("--resources="))
    who = (METRICS, spec.service_account_name)
    found = {one: listed(pods, *who, one) for one in flag.partition("=")[2].split(",")}
    with pytest.raises(urllib.error.HTTPError, match="Forbidden"):
        listed(pods, *who, "secrets")
    return found["pods"]


def test_the_log_shipper_may_look_up_pods_and_namespaces_and_no_secret(pods: Pods) -> None:
    spec = pods.apps.read_namespaced_daemon_set("log-shipper", "stackyard-logs").spec.template.spec
    assert spec.automount_service_account_token is not False
    who = ("stackyard-logs", spec.service_account_name)
    assert listed(pods, *who, "pods")
    assert NAMESPACE in {one["metadata"]["name"] for one in listed(pods, *who, "namespaces")}
    with pytest.raises(urllib.error.HTTPError, match="Forbidden"):
        listed(pods, *who, "secrets")


@pytest.fixture(scope="module")
def store(
    prometheus: str,
    applied: Workspace,
    sandbox: Sandbox,
    aws: Clients,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Store]:
    """A Prometheus that the sandbox hands the samples of the project's workspace to."""
    folder, (port,) = tmp_path_factory.mktemp("store"), free_ports(1)
    (folder / "prometheus.yaml").write_text("{}")
    process = Process("store", folder)
    process.start(
        [
            prometheus,
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--web.enable-remote-write-receiver",
        ]
    )
    made = Store(f"http://{LOOPBACK}:{port}", process)
    (sandbox.directory / remote_write.FILE).write_text(json.dumps({workspace(aws): made.address}))
    try:
        until("the store is ready", lambda: made.ask("vector(1)"), process)
        yield made
    finally:
        (sandbox.directory / remote_write.FILE).unlink()
        process.stop()


def workspace(aws: Clients, slug: str = NAMESPACE) -> str:
    (found,) = aws("amp").list_workspaces(alias=f"{slug}-metrics")["workspaces"]
    return str(found["workspaceId"])


@pytest.fixture(scope="module")
def collected(
    prometheus: str,
    pods: Pods,
    agent: dict[str, Any],
    shown: list[dict[str, Any]],
    store: Store,
    sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Store]:
    """The store, while the collector's pod sends to it what belongs to its project."""
    folder, (port,) = tmp_path_factory.mktemp("collector"), free_ports(1)
    arguments = pods.process(METRICS, agent["spec"], agent["container"], {})
    words = [prometheus, *arguments["args"][1:]]
    (config,) = (word.partition("=")[2] for word in words if word.startswith("--config.file="))
    words = [word.replace("0.0.0.0:9090", f"{LOOPBACK}:{port}") for word in words]
    identity = pods.agent(METRICS, agent["spec"].service_account_name, folder)
    with served(page(shown)) as metrics:
        addresses = {CLUSTER_METRICS: metrics, "gpu-telemetry": metrics}
        addresses["karpenter"] = of_karpenter(sandbox)
        declared = yaml.safe_load(Path(config).read_text())
        Path(config).write_text(yaml.safe_dump(here(declared, addresses, pods.endpoint)))
        process = Process("collector", folder)
        # Keys in the environment would come before those that the agent hands out.
        own = {key: text for key, text in arguments["env"].items() if key not in KEYS}
        process.start(words, own | identity, inherit=False)
        try:
            arrived = "karpenter_nodepools_limit and on() kube_pod_status_phase"
            until("metrics arrive", lambda: store.ask(arrived), process, store.log)
            for probe in (agent["container"].readiness_probe, agent["container"].liveness_probe):
                url = f"http://{LOOPBACK}:{port}{probe.http_get.path}"
                assert urllib.request.urlopen(url, timeout=5).status == 200
            yield store
        finally:
            process.stop()


def test_metrics_of_the_project_and_of_pools_arrive_and_those_of_others_do_not(
    collected: Store, shown: list[dict[str, Any]]
) -> None:
    assert {NAMESPACE, "stackyard-system"} <= {pod["metadata"]["namespace"] for pod in shown}
    assert {one["namespace"] for one in collected.ask("kube_pod_status_phase")} == {NAMESPACE}
    pools = {one["nodepool"] for one in collected.ask("karpenter_nodepools_limit")}
    assert {name.partition("-")[0] for name in pools} == {"general", "training"}
    names = {one["__name__"] for one in collected.ask('{__name__=~"karpenter_.+|go_.+"}')}
    assert all(name.startswith(("karpenter_nodepools_", "karpenter_cloud")) for name in names)
    scraped = {one["job"] for one in collected.ask("up == 1")}
    assert scraped == {CLUSTER_METRICS, "gpu-telemetry", "karpenter"}


def test_a_collector_writes_to_the_workspace_of_its_own_project_only(
    pods: Pods, aws: Clients, applied: Workspace
) -> None:
    keys = pods.identity(METRICS, COLLECTOR)
    named = Credentials(*(keys[name] for name in KEYS))
    answers = {}
    for slug in (NAMESPACE, OTHER):
        url = f"{pods.endpoint}/workspaces/{workspace(aws, slug)}/api/v1/remote_write"
        request = AWSRequest("POST", url, data=b"no samples")
        SigV4Auth(named, "aps", REGION).add_auth(request)
        sent = urllib.request.Request(url, request.body, dict(request.headers))
        try:
            answers[slug] = urllib.request.urlopen(sent, timeout=10).status
        except urllib.error.HTTPError as error:
            answers[slug] = error.code
    assert answers[OTHER] == 403
    assert answers[NAMESPACE] != 403
