"""Lists the config values that changed since the last apply, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stackyard.field_path import FieldPath, dotted

if TYPE_CHECKING:
    from stackyard.estate.loaded import Loaded

ABSENT = object()


@dataclass(frozen=True)
class ConfigChange:
    """One value that differs; `old` or `new` is None if the value is missing on that side."""

    path: str
    old: Any
    new: Any
    origin: str | None
    """`file:line:col` of the new value; None for a value that was removed."""

    def __str__(self) -> str:
        where = f"  ({self.origin})" if self.origin else ""
        return f"{self.path}: {_shown(self.old)} → {_shown(self.new)}{where}"


def config_changes(recorded: Mapping[str, Any], loaded: Loaded) -> list[ConfigChange]:
    """Compare the recorded config with the new one, value by value."""
    if not recorded:
        return []
    old = dict(_leaves(recorded))
    new = dict(_leaves(loaded.effective))
    changes: list[ConfigChange] = []
    for path in [*new, *(path for path in old if path not in new)]:
        before, after = old.get(path, ABSENT), new.get(path, ABSENT)
        if before == after:
            continue
        origin = loaded.origins.get(path) if after is not ABSENT else None
        changes.append(
            ConfigChange(
                path=dotted(path),
                old=None if before is ABSENT else before,
                new=None if after is ABSENT else after,
                origin=str(origin) if origin else None,
            )
        )
    return changes


def _leaves(value: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
