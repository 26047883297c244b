"""Compares a live object with the inputs that created it, for `refresh`.

A live object has many more fields than its inputs (defaults, status, additions of controllers) and
some in another spelling (`0.5` becomes `500m`). Therefore three versions are compared: a value that
is the same as after the last apply counts as the value of the inputs.
"""

from __future__ import annotations

import base64
import copy
from typing import Any

from stackyard_sandbox.provider.protocol import Properties

MISSING = object()

VOLATILE = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
"""Metadata that the API server writes."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The whole object as kubectl sent it, including the data of a Secret."""

SENT = "__inputs"

MANAGER = "__fieldManager"
"""Who owns the applied fields: the same in every later apply, whichever provider makes it."""


def remembered(inputs: Properties, manager: str) -> Properties:
    """Return what the official provider keeps beside a live object, and compares with.

    Source: `checkpointObject` in `provider/pkg/provider/provider.go` of pulumi-kubernetes (v4).
    """
    return {SENT: inputs, "__initialApiVersion": inputs.get("apiVersion"), MANAGER: manager}


def live_inputs(inputs: Properties, before: Properties, now: Properties) -> Properties:
    """Return the inputs with the values of the live object `now`; `before` is its last state."""
    result = _live(inputs, before, now)
    return result if isinstance(result, dict) else {}


def imported_inputs(now: Properties) -> Properties:
    """Return inputs for an object that is not in a program yet."""
    inputs = copy.deepcopy(shown(now))
    inputs.pop("status", None)
    for key in VOLATILE:
        inputs.get("metadata", {}).pop(key, None)
    return inputs


def shown(live: Properties) -> Properties:
    """Return a live object as state stores it: without its field managers."""
    kept = {key: value for key, value in live.items() if key != "metadata"}
    metadata = {**(live.get("metadata") or {})}
    metadata.pop("managedFields", None)
    if LAST_APPLIED in metadata.get("annotations", {}):
        notes = metadata["annotations"]
        metadata["annotations"] = {key: notes[key] for key in notes if key != LAST_APPLIED}
    return {**kept, "metadata": metadata}


def applied(inputs: Properties) -> Properties:
    """Return the object to send; `stringData` becomes `data`, which the API server returns."""
    if "stringData" not in inputs:
        return inputs
    encoded = {key: _encoded(value) for key, value in inputs["stringData"].items()}
    rest = {key: value for key, value in inputs.items() if key != "stringData"}
    return {**rest, "data": {**inputs.get("data", {}), **encoded}}


def readable(live: Properties, inputs: Properties) -> Properties:
    """Return the live object with `stringData` if the inputs have it, for comparison."""
    if "stringData" not in inputs:
        return live
    data = live.get("data") or {}
    texts = {key: _decoded(data[key]) for key in inputs["stringData"] if key in data}
    return {**live, "stringData": texts}


def _live(inputs: Any, before: Any, now: Any) -> Any:
    if now == before:
        return inputs
    if isinstance(inputs, dict) and isinstance(now, dict):
        older = before if isinstance(before, dict) else {}
        pairs = {
            key: _live(value, older.get(key, MISSING), now.get(key, MISSING))
            for key, value in inputs.items()
        }
        return {key: value for key, value in pairs.items() if value is not MISSING}
    if isinstance(inputs, list) and isinstance(now, list):
        return _live_items(inputs, before if isinstance(before, list) else [], now)
    return now


def _live_items(inputs: list[Any], before: list[Any], now: list[Any]) -> list[Any]:
    """Compare lists: by `name` if each item has one (containers, env), otherwise by position.

    Items that others added to a named list belong to them, because server-side apply merges such
    lists by name; any other list is one value, so added items are a change.
    """
    if all(isinstance(item, dict) and "name" in item for item in [*inputs, *before, *now]):
        older, newer = ({item["name"]: item for item in items} for items in (before, now))
        result = [
            _live(item, older.get(item["name"], MISSING), newer.get(item["name"], MISSING))
            for item in inputs
        ]
        return [item for item in result if item is not MISSING]
    aligned = [
        _live(item, *(items[index] if index < len(items) else MISSING for items in (before, now)))
        for index, item in enumerate(inputs)
    ]
    return [item for item in aligned if item is not MISSING] + now[len(before) :]


def _encoded(text: Any) -> str:
    return base64.b64encode(str(text).encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode(errors="replace")
