"""Kueue itself beside a control plane: its own controller, definitions and admission webhooks.

It runs as a process, not as pods: what a kubelet would do for it (mount its certificate) is done
here. Not there: the webhooks for other kinds than Jobs and Kueue's own, and the visibility API,
whose certificate has to be below `/`.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from stackyard_sandbox import toolchain
from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.processes import LOOPBACK, Process, free_ports

SYSTEM = "kueue-system"
SERVICE, SECRET = "kueue-webhook-service", "kueue-webhook-server-cert"
GROUPS = {"batch", "kueue.x-k8s.io"}
"""Whose objects are shown to the webhooks."""


def until(what: str, holds: Callable[[], object], seconds: float = 90) -> None:
    """Wait for something that a controller does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what}: not after {seconds:.0f} s"
        time.sleep(0.1)


@contextmanager
def running(plane: ControlPlane, api: client.ApiClient, folder: Path) -> Iterator[Process]:
    """Install Kueue in a cluster, start it, and take all of it away again."""
    health, metrics, webhooks = free_ports(3)
    names = _install(api, webhooks)
    settings = folder / "kueue.yaml"
    settings.write_text(yaml.safe_dump(_settings(folder, health, metrics, webhooks)))
    process = Process("kueue", folder)
    command = [str(toolchain.tool("kueue")), f"--config={settings}"]
    try:
        process.start(command, {"KUBECONFIG": str(plane.kubeconfig_path)})
        until("Kueue is ready", lambda: _mounted(api, folder) and _ready(process, health))
        yield process
    finally:
        _uninstall(api, names, process)


def _settings(folder: Path, health: int, metrics: int, webhooks: int) -> dict[str, Any]:
    """Return the configuration that `docs/concerns.md` asks for, on loopback.

    Source: https://kueue.sigs.k8s.io/docs/reference/kueue-config.v1beta2/.
    """
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": f"{LOOPBACK}:{health}"},
        "metrics": {"bindAddress": f"{LOOPBACK}:{metrics}"},
        "webhook": {"host": LOOPBACK, "port": webhooks, "certDir": str(folder / "certificates")},
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"qps": 50, "burst": 100},
        "featureGates": {"VisibilityOnDemand": False},
        "fairSharing": {
            "preemptionStrategies": ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]
        },
        "integrations": {"frameworks": ["batch/job"]},
    }


def _install(api: client.ApiClient, port: int) -> list[str]:
    """Make what Kueue's release has around its Deployment; return the definitions' names."""
    core, definitions = client.CoreV1Api(api), client.ApiextensionsV1Api(api)
    core.create_namespace({"metadata": {"name": SYSTEM}})
    core.create_namespaced_secret(SYSTEM, {"metadata": {"name": SECRET}})
    # The API server finds a service of this type by its name instead of a cluster address.
    outside = {"type": "ExternalName", "externalName": "localhost"}
    core.create_namespaced_service(SYSTEM, {"metadata": {"name": SERVICE}, "spec": outside})
    # Twenty thousand lines, and the answers have as many: nobody waits for Python to read those.
    found = [
        yaml.load(file.read_bytes(), yaml.CSafeLoader) for file in toolchain.kueue_definitions()
    ]
    for one in found:
        if len(one["spec"]["versions"]) > 1:
            hook = {"clientConfig": _where(port, "/convert"), "conversionReviewVersions": ["v1"]}
            one["spec"]["conversion"] = {"strategy": "Webhook", "webhook": hook}
        definitions.create_custom_resource_definition(one, _preload_content=False)
    names = [one["metadata"]["name"] for one in found]
    for name in names:
        until(f"{name} is served", partial(_served, definitions, name))
    for one in yaml.safe_load_all(toolchain.kueue_webhooks().read_text()):
        _register(api, one, port)
    return names


def _register(api: client.ApiClient, found: Any, port: int) -> None:
    """Register the webhooks that Kueue's release has for `GROUPS`."""
    hooks = [hook for hook in found["webhooks"] if set(hook["rules"][0]["apiGroups"]) <= GROUPS]
    assert hooks
    for hook in hooks:
        hook["clientConfig"] = _where(port, hook["clientConfig"]["service"]["path"])
    body = {"metadata": {"name": f"kueue-{found['metadata']['name']}"}, "webhooks": hooks}
    admission = client.AdmissionregistrationV1Api(api)
    if found["kind"].startswith("Mutating"):
        admission.create_mutating_webhook_configuration(body)
    else:
        admission.create_validating_webhook_configuration(body)


def _where(port: int, path: str) -> dict[str, Any]:
    return {"service": {"namespace": SYSTEM, "name": SERVICE, "port": port, "path": path}}


def _served(definitions: Any, name: str) -> bool:
    answer = definitions.read_custom_resource_definition_status(name, _preload_content=False)
    told = json.loads(answer.data)["status"].get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in told)


def _mounted(api: client.ApiClient, folder: Path) -> bool:
    """Put the certificate that Kueue made itself where a kubelet would mount it."""
    certificates = folder / "certificates"
    if certificates.exists():
        return True
    held = client.CoreV1Api(api).read_namespaced_secret(SECRET, SYSTEM).data
    if not held:
        return False
    fresh = folder / "certificates.new"
    fresh.mkdir(mode=0o700)
    for name, text in held.items():
        (fresh / name).write_bytes(base64.b64decode(text))
    fresh.rename(certificates)
    return True


def _ready(process: Process, port: int) -> bool:
    assert process.alive(), process.last_lines(20)
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _uninstall(api: client.ApiClient, definitions: list[str], process: Process) -> None:
    """Webhooks first: without Kueue they refuse every Job."""
    admission = client.AdmissionregistrationV1Api(api)
    admission.delete_mutating_webhook_configuration("kueue-mutating-webhook-configuration")
    admission.delete_validating_webhook_configuration("kueue-validating-webhook-configuration")
    process.stop()
    for name in definitions:
        client.ApiextensionsV1Api(api).delete_custom_resource_definition(
            name, _preload_content=False
        )
    client.CoreV1Api(api).delete_namespace(SYSTEM)
