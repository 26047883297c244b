"""Compares two versions of an object's inputs, path by path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any, Literal

from stackyard_sandbox.provider.protocol import Properties
from stackyard_sandbox.quantities import quantity

Path = tuple[str | int, ...]

PLAIN = re.compile(r"^[A-Za-z_$][A-Za-z0-9_$-]*$")
"""Keys without quotes in a property path (sdk/go/common/resource/property_path.go)."""

MISSING = object()

QUANTITIES = ("default", "defaultRequest", "hard", "limits", "max", "min", "requests")
"""Keys of maps whose values are quantities: `1000m` and `1` are the same."""

FALSE = ("globalDefault", "hostIPC", "hostNetwork", "hostPID", "paused")
"""Keys of flags for which the API's types know no difference between false and left out."""


@dataclass(frozen=True)
class Change:
    """One value that was added, deleted or updated."""

    path: Path
    how: Literal["add", "delete", "update"]

    def __str__(self) -> str:
        return text(self.path)


def differences(old: Properties, new: Properties) -> list[Change]:
    """Return every changed path; an unknown new value counts as a change.

    The official provider stores inputs as the API server writes them: equal quantities are no
    change, nor is an empty list or map that is left out
    (`Normalize` in `provider/pkg/clients/unstructured.go` of pulumi-kubernetes).
    """
    return list(_changes(old, new, ()))


def text(path: Path) -> str:
    """Write a path as the engine does: `metadata.labels["app.kubernetes.io/name"]`, `ports[0]`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        elif PLAIN.match(step):
            written += f".{step}" if written else step
        else:
            written += f"[{json.dumps(step)}]"
    return written


def _changes(old: Any, new: Any, path: Path) -> Iterator[Change]:
    if _same(old, new, path):
        return
    if old is MISSING:
        yield Change(path, "add")
    elif new is MISSING:
        yield Change(path, "delete")
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _changes(old.get(key, MISSING), new.get(key, MISSING), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _changes(_item(old, index), _item(new, index), (*path, index))
    elif type(old) is not type(new) or old != new:
        # `True == 1` in Python, but not to the API server.
        yield Change(path, "update")


def _same(old: Any, new: Any, path: Path) -> bool:
    if MISSING in (old, new):
        there = new if old is MISSING else old
        if there is False:
            return path[-1] in FALSE
        return there in ([], {}) and isinstance(there, list | dict)
    if path[-2:-1] and path[-2] in QUANTITIES and isinstance(old, str) and isinstance(new, str):
        try:
            return quantity(old) == quantity(new)
        except InvalidOperation:
            return False
    return False


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else MISSING
