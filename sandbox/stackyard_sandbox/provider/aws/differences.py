"""Compares two sets of inputs, and recorded inputs with the cloud's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stackyard_sandbox.provider.protocol import UNKNOWN, Properties

IMPORTED = "__imported"
"""Marks inputs that were read from the cloud: properties missing in the program are no change
then."""


@dataclass(frozen=True)
class Change:
    """One property path that differs."""

    path: str
    kind: Literal["ADD", "DELETE", "UPDATE"]

    @property
    def normalised_path(self) -> str:
        """The path without list positions, as in the replacement tables."""
        return re.sub(r"\[[^\]]*\]", "", self.path)

    def falls_under(self, paths: frozenset[str]) -> bool:
        """Return whether the change is at, above or below one of the paths."""
        mine = self.normalised_path
        return any(
            mine == path or mine.startswith(f"{path}.") or path.startswith(f"{mine}.")
            for path in paths
        )


def changes(old: Properties, new: Properties) -> list[Change]:
    """Return every difference; one in `tagsAll` only if the same tag in `tags` is equal."""
    answer = list(_map_changes(old, new, "", additions_only=bool(old.get(IMPORTED))))
    own = {change.path for change in answer}
    return [
        change
        for change in answer
        if not (change.path.startswith("tagsAll") and change.path.replace("tagsAll", "tags") in own)
    ]


def same(left: Any, right: Any) -> bool:
    """Return whether two values are equal: JSON texts by content, lists of texts as sets."""
    if left is UNKNOWN or right is UNKNOWN:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right or _same_json(left, right)
    if isinstance(left, list) and isinstance(right, list):
        if _scalars(left) and _scalars(right):
            return sorted(map(str, left)) == sorted(map(str, right))
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        keys = left.keys() | right.keys()
        return all(same(left.get(key), right.get(key)) for key in keys)
    return bool(left == right)


def recorded_as(recorded: Any, actual: Any) -> Any:
    """Return `actual` in the spelling of `recorded`: if both are equal, `recorded` itself.

    Members that a program omits, and the cloud returns with an empty value, are no drift; other
    members that the cloud returns are.
    """
    if recorded is UNKNOWN or same(recorded, actual):
        return recorded
    if isinstance(recorded, Mapping) and isinstance(actual, Mapping):
        return _recorded_map(recorded, actual)
    if isinstance(recorded, list) and isinstance(actual, list):
        return _recorded_list(recorded, actual)
    if not recorded and not actual and not isinstance(recorded, bool | int | float):
        return recorded
    return actual


def _recorded_map(recorded: Mapping[str, Any], actual: Mapping[str, Any]) -> Any:
    result: Properties = {}
    for key, value in recorded.items():
        if key in actual:
            result[key] = recorded_as(value, actual[key])
        elif _empty(value):
            result[key] = value
    extra = {key: value for key, value in actual.items() if key not in recorded}
    result.update({key: value for key, value in extra.items() if not _empty(value)})
    return recorded if same(result, recorded) else result


def _recorded_list(recorded: list[Any], actual: list[Any]) -> Any:
    """Match equal members at any position; the others stay in the cloud's order."""
    left = list(actual)
    kept: list[Any] = []
    for member in recorded:
        match = next((item for item in left if same(recorded_as(member, item), member)), None)
        if match is not None:
            left.remove(match)
            kept.append(member)
    if len(kept) == len(recorded) and not left:
        return recorded
    if len(recorded) == len(actual):
        return [recorded_as(one, other) for one, other in zip(recorded, actual, strict=True)]
    return kept + left


def _map_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], path: str, *, additions_only: bool
) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        if key.startswith("__"):
            continue
        where = _join(path, key)
        if old.get(key) is None and new.get(key) is None:
            continue
        if old.get(key) is None:
            yield Change(where, "ADD")
        elif new.get(key) is None:
            if not additions_only:
                yield Change(where, "DELETE")
        else:
            yield from _changes(old[key], new[key], where, additions_only=additions_only)


def _changes(old: Any, new: Any, path: str, *, additions_only: bool) -> Iterator[Change]:
    if same(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _map_changes(old, new, path, additions_only=additions_only)
    elif isinstance(old, list) and isinstance(new, list) and not (_scalars(old) and _scalars(new)):
        for index in range(max(len(old), len(new))):
            where = f"{path}[{index}]"
            if index >= len(new):
                yield Change(where, "DELETE")
            elif index >= len(old):
                yield Change(where, "ADD")
            else:
                yield from _changes(old[index], new[index], where, additions_only=additions_only)
    else:
        yield Change(path, "UPDATE")


def _join(path: str, key: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        return f"{path}.{key}" if path else key
    quoted = key.replace('"', '\\"')
    return f'{path}["{quoted}"]'


def _scalars(values: list[Any]) -> bool:
    return not any(isinstance(value, list | Mapping) or value is UNKNOWN for value in values)


def _same_json(left: str, right: str) -> bool:
    if left[:1] not in ("{", "[") or right[:1] not in ("{", "["):
        return False
    try:
        return bool(json.loads(left) == json.loads(right))
    except ValueError:
        return False


def _empty(value: Any) -> bool:
    return value in (None, "", False, 0) or value == [] or value == {}
