"""Former YAML keys: the error for one names the new key, and the new value if it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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


def renamed(key: str, known: Collection[str], value: str) -> Message | None:
    """Return the message for a former key of a section with these fields; None for any other."""
    for new in FORMER_KEYS.get(key, ()):
        if new in known:
            values = FORMER_VALUES.get(key, {})
            written = f"{new}: {values[value]}" if value in values else new
            return Message("was renamed", f"write `{written}` instead")
    return None


def is_written(new: str, section: Node) -> bool:
    """Return whether a section has a former key of this field, so that it is not also missing."""
    return any(new in found and section.child(key) for key, found in FORMER_KEYS.items())
