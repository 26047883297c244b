"""Creates fake nodes; kwok keeps them Ready and moves their pods through their phases.

A fake node is a Node with kwok's annotation and its capacity written in its status
(kwok.sigs.k8s.io/docs/user/kwok-manage-nodes-and-pods).
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from stackyard_sandbox.control_plane.api import FIELD_MANAGER, Api

Taint = Mapping[str, str]

_ANNOTATION = "kwok.x-k8s.io/node"
_POD_SLOTS = {"pods": "110"}


def add_node(
    api: Api,
    name: str,
    labels: Mapping[str, str],
    taints: Iterable[Taint],
    capacity: Mapping[str, str],
    provider_id: str | None = None,
) -> None:
    """Make or change a fake node; `provider_id` names the machine that it stands for.

    The annotation is written last, by a manager of its own: kwok manages the node as soon as it is
    there, and sets a missing capacity itself (a thousand cores).
    """
    path = f"/api/v1/nodes/{quote(name, safe='')}"
    node = _node(name, labels, taints)
    if provider_id is not None:
        node["spec"]["providerID"] = provider_id
    api.apply(path, node)
    set_capacity(api, name, capacity)
    metadata = {"name": name, "annotations": {_ANNOTATION: "fake"}}
    api.apply(path, {**_head(name), "metadata": metadata}, f"{FIELD_MANAGER}-kwok")


def set_capacity(api: Api, name: str, capacity: Mapping[str, str]) -> None:
    """Write what a node has; applying the object leaves its status alone."""
    amounts = {**_POD_SLOTS, **capacity}
    status = {"capacity": amounts, "allocatable": amounts}
    path = f"/api/v1/nodes/{quote(name, safe='')}/status"
    api.apply(path, {**_head(name), "status": status})


def remove_node(api: Api, name: str) -> None:
    """Delete a node and its pods, as after the end of a machine.

    The garbage collector of pods would count them as Running for another minute.
    """
    api.delete(f"/api/v1/nodes/{quote(name, safe='')}")
    selector = quote(f"spec.nodeName={name}", safe="")
    for pod in api.get(f"/api/v1/pods?fieldSelector={selector}")["items"]:
        of = pod["metadata"]
        api.delete(f"/api/v1/namespaces/{of['namespace']}/pods/{of['name']}", grace_seconds=0)


def _node(name: str, labels: Mapping[str, str], taints: Iterable[Taint]) -> dict[str, Any]:
    node = _head(name)
    node["metadata"]["labels"] = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **labels,
    }
    # Sent even if empty: the node controller owns a part of the list by then, and a missing list
    # would not change anything.
    node["spec"] = {"taints": [dict(taint) for taint in taints]}
    return node


def _head(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
