"""Reads what an instance's user data tells its kubelet: cluster, labels, taints.

Formats: NodeConfig of Amazon Linux 2023 (https://awslabs.github.io/amazon-eks-ami/nodeadm) and the
settings of Bottlerocket (https://bottlerocket.dev/en/os/latest/api/settings/kubernetes).
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from typing import Any

import yaml

Taint = dict[str, str]

_LABELS = "--node-labels="


@dataclass(frozen=True)
class NodeConfig:
    """What a kubelet registers its node with."""

    cluster: str
    labels: dict[str, str]
    taints: tuple[Taint, ...]


def read(user_data: str) -> NodeConfig | None:
    """Return what the user data says; None for an instance that joins no cluster."""
    if user_data.lstrip().startswith("MIME-Version:"):
        return _nodeadm(user_data)
    try:
        settings = tomllib.loads(user_data).get("settings", {}).get("kubernetes", {})
    except tomllib.TOMLDecodeError:
        return None
    if "cluster-name" not in settings:
        return None
    return NodeConfig(
        settings["cluster-name"],
        dict(settings.get("node-labels", {})),
        tuple(_bottlerocket_taints(settings.get("node-taints", {}))),
    )


def _nodeadm(archive: str) -> NodeConfig | None:
    """Later parts of the archive add to earlier ones."""
    cluster, taints = "", list[Taint]()
    labels: dict[str, str] = {}
    for part in message_from_string(archive).walk():
        if part.get_content_type() != "application/node.eks.aws":
            continue
        spec: dict[str, Any] = yaml.safe_load(str(part.get_payload()))["spec"]
        cluster = spec.get("cluster", {}).get("name", cluster)
        kubelet = spec.get("kubelet", {})
        for flag in kubelet.get("flags") or []:
            if flag.startswith(_LABELS):
                pairs = flag.removeprefix(_LABELS).strip('"').split(",")
                labels |= dict(pair.split("=", 1) for pair in pairs)
        taints += [
            {key: str(taint[key]) for key in ("key", "value", "effect") if key in taint}
            for taint in (kubelet.get("config") or {}).get("registerWithTaints") or []
        ]
    return NodeConfig(cluster, labels, tuple(taints)) if cluster else None


def _bottlerocket_taints(taints: dict[str, Any]) -> Iterator[Taint]:
    for key, values in taints.items():
        for each in [values] if isinstance(values, str) else values:
            value, _, effect = each.rpartition(":")
            yield {"key": key, "value": value, "effect": effect}
