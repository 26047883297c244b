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
) -> None:
    """Make or change a fake node.

    The annotation comes last, under a name of its own: from its appearance on kwok keeps the node
    alive, and a capacity that is not there by then is made up (a thousand cores).
    """
    path = f"/api/v1/nodes/{quote(name, safe='')}"
    api.apply(path, _node(name, labels, taints))
    # Applying the object leaves its status alone: that is a resource of its own.
    amounts = {**_POD_SLOTS, **capacity}
    status = {"capacity": amounts, "allocatable": amounts}
    api.apply(f"{path}/status", {**_head(name), "status": status})
    metadata = {"name": name, "annotations": {_ANNOTATION: "fake"}}
    api.apply(path, {**_head(name), "metadata": metadata}, f"{FIELD_MANAGER}-kwok")


def remove_node(api: Api, name: str) -> None:
    """Delete a node and, as the end of a machine does, the pods on it.

    Left to the garbage collector of pods, they would still count as Running for a minute.
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
    # Sent even when empty: the node controller owns a share of the list by then, and a list that
    # is merely left out would stay as it is.
    node["spec"] = {"taints": [dict(taint) for taint in taints]}
    return node


def _head(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
