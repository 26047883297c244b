"""Reads every Kubernetes object of the estate back from the API server, for the auditors.

Checkov (checkov.io) reads them as YAML; Pod Security's level "restricted" is judged by the API
server's own admission, which is asked to take each pod template on trial.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from .estate import Estate
from .findings import Finding
from .tools import prepared, run

Object = dict[str, Any]

MOVING = ("ComponentStatus", "Endpoints", "EndpointSlice", "Event", "IPAddress", "Lease", "Node")
"""Kinds that controllers write about other objects."""

BUILT_IN = "kubernetes.io/bootstrapping"
RESTRICTED = "audit-restricted"


@dataclass(frozen=True)
class Cluster:
    """One cluster of the estate, reached as its administrator, and what is in it."""

    name: str
    api: client.ApiClient
    objects: list[Object]


def clusters(estate: Estate) -> list[Cluster]:
    """Read every cluster of the estate: one for each stage."""
    file = estate.environment["KUBECONFIG"]
    load: Any = config.new_client_from_config
    listed: Any = config.list_kube_config_contexts
    names = [context["name"] for context in listed(config_file=file)[0]]
    apis = {name: load(config_file=file, context=name) for name in names}
    return [Cluster(name, api, objects(api)) for name, api in apis.items()]


def objects(cluster: client.ApiClient) -> list[Object]:
    """Return every object that is there because of the estate."""
    make: Any = DynamicClient
    dynamic = make(cluster)
    found: dict[str, Object] = {}
    for resource in dynamic.resources.search(preferred=True):
        listable = "list" in (resource.verbs or []) and "/" not in resource.name
        if not listable or resource.kind.endswith("List") or resource.kind in MOVING:
            continue
        for item in dynamic.get(resource).to_dict()["items"]:
            kind = {"apiVersion": resource.group_version, "kind": resource.kind}
            if _of_estate(resource.kind, item["metadata"]):
                found[item["metadata"]["uid"]] = {**item, **kind}
    return list(found.values())


def _of_estate(kind: str, metadata: Mapping[str, Any]) -> bool:
    """Leave out what Kubernetes brings along, and what a controller made from something else."""
    where = metadata["name"] if kind == "Namespace" else metadata.get("namespace") or ""
    built_in = (
        BUILT_IN in (metadata.get("labels") or {})
        or where == "default"
        or where.startswith("kube-")
        or metadata["name"] == "kube-root-ca.crt"
        or metadata["name"].startswith("system-")
        or kind in ("APIService", "FlowSchema", "PriorityLevelConfiguration", "ServiceCIDR")
    )
    return not built_in and not metadata.get("ownerReferences")


def checkov(estate: Estate, cluster: Cluster) -> list[Finding]:
    """Return every failed check: without its vendor's service checkov knows no severities."""
    room = estate.room("checkov")
    folder = room / cluster.name
    folder.mkdir()
    for number, item in enumerate(cluster.objects):
        plain = {key: value for key, value in item.items() if key != "status"}
        plain["metadata"] = {**item["metadata"], "managedFields": None}
        (folder / f"{number:04}.yaml").write_text(yaml.safe_dump(plain))
    program = str(prepared("checkov") / "checkov")
    options = ["--framework", "kubernetes", "--output", "json", "--compact", "--skip-download"]
    # It ends with 1 when a check failed.
    answer = run([program, "-d", str(folder), *options], {}, home=room, codes=(0, 1))
    report = json.loads(answer)
    summary, count = report["summary"], len(cluster.objects)
    if summary["parsing_errors"] or summary["resource_count"] < count:
        raise ValueError(f"checkov did not read all of {count} objects: {summary}")
    return [
        _finding("checkov", failed["check_id"], failed["resource"], cluster, failed["check_name"])
        for failed in report["results"]["failed_checks"]
    ]


def _finding(tool: str, rule: str, resource: str, cluster: Cluster, says: str) -> Finding:
    return Finding(tool, rule, resource, f"{cluster.name}: {says}")


def pod_security(cluster: Cluster) -> list[Finding]:
    """Ask the API server whether it would take each pod in a namespace of level "restricted".

    https://kubernetes.io/docs/concepts/security/pod-security-admission/
    """
    core: Any = client.CoreV1Api(cluster.api)
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace({"metadata": {"name": RESTRICTED, "labels": level}})
    try:
        _await_account(core)
        return [
            _finding("pod-security", "restricted", name, cluster, says)
            for name, spec in _templates(cluster.objects)
            if (says := _refusal(core, spec))
        ]
    finally:
        core.delete_namespace(RESTRICTED)


def _await_account(core: Any) -> None:
    """Wait for the account of pods that name none: a controller makes it in every namespace."""
    for _ in range(100):
        if core.list_namespaced_service_account(RESTRICTED).items:
            return
        time.sleep(0.1)
    raise TimeoutError("no service account in a new namespace")


def _templates(found: list[Object]) -> Iterator[tuple[str, Object]]:
    for item in found:
        spec = item.get("spec") or {}
        holder = (spec.get("jobTemplate") or {}).get("spec") or spec
        template = item if item["kind"] == "Pod" else holder.get("template")
        if isinstance(template, dict) and "containers" in (template.get("spec") or {}):
            metadata = item["metadata"]
            yield f"{item['kind']}.{metadata['namespace']}.{metadata['name']}", template["spec"]


def _refusal(core: Any, spec: Object) -> str | None:
    """Return why a pod is refused; its account and priority exist only where it comes from."""
    elsewhere = ("serviceAccountName", "serviceAccount", "priorityClassName")
    pod = {
        "metadata": {"generateName": "trial-"},
        "spec": {key: value for key, value in spec.items() if key not in elsewhere},
    }
    try:
        core.create_namespaced_pod(RESTRICTED, pod, dry_run="All")
    except ApiException as error:
        says = str(json.loads(error.body or "{}")["message"])
        if error.status != 403 or "violates PodSecurity" not in says:
            raise
        return says.partition("violates PodSecurity ")[2]
    return None
