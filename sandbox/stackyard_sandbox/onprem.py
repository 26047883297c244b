"""Stand-ins for on-premises clusters: one control plane for each.

As in stack files, a kubeconfig's path and a context identify a cluster. The sandbox does not read
this file, and it need not exist: on target `aws` it gives access to the real cluster.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.processes import write_private

RECORD = "cluster.json"

GENERAL = {"cpu": "16", "memory": "64Gi"}
"""Capacity of the one node without GPUs in each cluster, for pods without a GPU."""


@dataclass(frozen=True)
class Node:
    """A GPU node; `gpus` is its capacity of the extended `resource`, such as `nvidia.com/gpu`."""

    name: str
    labels: Mapping[str, str]
    taint: Mapping[str, str]
    resource: str
    gpus: int


@dataclass(frozen=True)
class ClusterSpec:
    """An on-premises cluster as declared in a stack file."""

    name: str
    kubeconfig: str
    """Path of its kubeconfig, exactly as in the stack file."""

    context: str | None
    issuer: str
    """Issuer of its service account tokens."""

    nodes: tuple[Node, ...]


class OnPremises:
    """The on-premises clusters of one sandbox: folders `NAME-DIGEST` below `onprem`."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "onprem"

    def planes(self) -> list[ControlPlane]:
        """Return every control plane, running or not, with its last declared issuer."""
        return [self._plane(record.parent) for record in sorted(self._folder.glob(f"*/{RECORD}"))]

    def find(self, kubeconfig: str, context: str | None) -> ControlPlane | None:
        """Return the control plane for a kubeconfig's path and context."""
        folder = self._of(kubeconfig, context)
        return self._plane(folder) if folder is not None else None

    def provide(self, spec: ClusterSpec) -> None:
        """Start it if it does not run, and make its nodes as declared.

        Raises ControlPlaneError if it does not start.
        """
        folder = self._of(spec.kubeconfig, spec.context)
        folder = folder or self._folder / f"{spec.name}-{_digest(spec)}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        before, record = _read(folder), json.loads(json.dumps(asdict(spec)))
        made = before.get("nodes", [])
        # The start needs the issuer; the declared nodes are only those that exist.
        _write(folder, {**record, "nodes": made})
        plane = self._plane(folder)
        plane.start()
        if before != record:
            _make_nodes(plane, spec, [node["name"] for node in made])
            _write(folder, record)

    def delete(self) -> None:
        """Stop all of them and delete their objects, keys and addresses."""
        for plane in self.planes():
            plane.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _of(self, kubeconfig: str, context: str | None) -> Path | None:
        for record in self._folder.glob(f"*/{RECORD}"):
            result = _read(record.parent)
            if (result["kubeconfig"], result["context"]) == (kubeconfig, context):
                return record.parent
        return None

    def _plane(self, folder: Path) -> ControlPlane:
        record = _read(folder)
        name = folder.name.rpartition("-")[0]
        return ControlPlane(folder, name, issuer=record["issuer"])


def _make_nodes(plane: ControlPlane, spec: ClusterSpec, before: list[str]) -> None:
    plane.add_node("general-0", capacity=GENERAL)
    for name in set(before) - {node.name for node in spec.nodes}:
        plane.remove_node(name)
    for node in spec.nodes:
        capacity = {"cpu": "32", "memory": "256Gi", node.resource: str(node.gpus)}
        plane.add_node(node.name, node.labels, [node.taint], capacity)


def _digest(spec: ClusterSpec) -> str:
    """Return a digest that distinguishes clusters with one name, such as those of two stages."""
    text = f"{spec.kubeconfig}\n{spec.context or ''}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _read(folder: Path) -> dict[str, Any]:
    record = folder / RECORD
    return dict(json.loads(record.read_text())) if record.exists() else {}


def _write(folder: Path, record: Mapping[str, Any]) -> None:
    write_private(folder / RECORD, json.dumps(record, indent=2))
