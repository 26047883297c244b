"""Immutable fields: finds those that differ between the applied and a new config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from stackyard.estate.model_fields import models_at
from stackyard.field_path import FieldPath

MARK = "x-immutable"
"""Set by `stackyard.config.immutable`, so that the JSON Schema has the mark, too."""

UNKNOWN = object()
"""The value of a required field that did not exist yet when the config was recorded."""

Change = tuple[FieldPath, Any, Any]
"""A path, the recorded value and the new one."""


def changed_immutables(
    model: type[BaseModel], recorded: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Change]:
    """Return the immutable fields whose value differs between two effective configs.

    A field that is not written has its default. Sections and entries that only one side has do not
    count: they are created or deleted as a whole.
    """
    return list(_changes(model, recorded, new, ()))


def _changes(
    model: type[BaseModel], old: Mapping[str, Any], new: Mapping[str, Any], path: FieldPath
) -> Iterator[Change]:
    for name, field in model.model_fields.items():
        below = (*path, field.alias or name)
        before, after = _value(field, name, old), _value(field, name, new)
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get(MARK):
            if before != after and before is not UNKNOWN:
                yield below, before, after
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _nested(model, below, before, after)


def _nested(
    model: type[BaseModel], path: FieldPath, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    """Descend into a section, or into the entries that both sides of a map have."""
    for section in models_at(model, path[-1:]):
        yield from _changes(section, before, after, path)
    for key in sorted(before.keys() & after.keys()):
        if isinstance(before[key], Mapping) and isinstance(after[key], Mapping):
            for entry in models_at(model, (path[-1], key)):
                yield from _changes(entry, before[key], after[key], (*path, key))


def _value(field: FieldInfo, name: str, written: Mapping[str, Any]) -> Any:
    if (field.alias or name) in written:
        return written[field.alias or name]
    if field.is_required():
        return UNKNOWN
    return to_jsonable_python(field.get_default(call_default_factory=True))
