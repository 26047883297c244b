"""Former YAML keys: the error for one names the new key, and the new value if it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from stackyard.estate.messages import Message
from stackyard.estate.node import Node

FORMER_KEYS: Mapping[str, tuple[str, ...]] = {
    "cold_after_days": ("transition_after_days",),
    "delete_after_days": ("expire_after_days", "erase_within_days"),
    "at_most_days": ("legal_limit_days",),
    "start_seconds": ("startup_timeout_seconds",),
    "callers": ("allowed_callers",),
    "bake_on": ("base_image",),
    "outside_uri": ("external_uri",),
    "not_starter": ("prevent_self_approval",),
    "tell": ("notify",),
    "better": ("direction",),
}
"""The new keys of each former key; if there are several, the section decides."""

FORMER_VALUES: Mapping[str, Mapping[str, str]] = {
    "better": {"higher": "maximize", "lower": "minimize"},
}
"""Values that were renamed with their key, by former key."""


class Replaced(NamedTuple):
    """A key that another section, or a key of another shape, took over."""

    key: str
    beside: str
    """A field that only the section with the former key has."""

    text: str
    hint: str


REPLACED = (
    Replaced(
        "gpu_pools",
        "database",
        "moved: Karpenter makes these nodes from inside the cluster",
        "declare it in the services stack of the stage, with `limits: {gpus: …}` for `max`",
    ),
    Replaced(
        "node_pools",
        "system_nodes",
        "moved: Karpenter makes these nodes from inside the cluster",
        "declare it in the services stack of the stage, with `limits: {cpu: …, memory: …}`",
    ),
    Replaced("min", "nodes", "was replaced: the number is fixed", "write `nodes` instead"),
    Replaced("max", "nodes", "was replaced: the number is fixed", "write `nodes` instead"),
    Replaced(
        "min",
        "static",
        "was replaced: a pool has no node while no pod needs one",
        "leave it out, or write `static: {nodes: …, reason: …}` for nodes that always run",
    ),
    Replaced(
        "always_on_reason",
        "static",
        "was replaced",
        "write `static: {nodes: …, reason: …}` for nodes that always run",
    ),
    Replaced(
        "max",
        "limits",
        "was replaced: pools are limited by what their nodes have, not by their number",
        "write `limits: {gpus: …}`, or `limits: {cpu: …, memory: …}` for a pool without GPUs",
    ),
    Replaced(
        "cluster_autoscaler",
        "karpenter",
        "was replaced: Karpenter makes the nodes",
        "leave it out, or name Karpenter's image as `karpenter`",
    ),
)
"""Former keys without one new name."""


def renamed(key: str, known: Collection[str], value: str) -> Message | None:
    """Return the message for a former key of a section with these fields; None for any other."""
    for new in FORMER_KEYS.get(key, ()):
        if new in known:
            values = FORMER_VALUES.get(key, {})
            written = f"{new}: {values[value]}" if value in values else new
            return Message("was renamed", f"write `{written}` instead")
    for former in REPLACED:
        if key == former.key and former.beside in known:
            return Message(former.text, former.hint)
    return None


def is_written(new: str, section: Node) -> bool:
    """Return whether a section has a former key of this field, so that it is not also missing."""
    return any(new in present and section.child(key) for key, present in FORMER_KEYS.items())
