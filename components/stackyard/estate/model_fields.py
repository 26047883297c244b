"""Fields of config models by path, for messages about unknown and missing fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from stackyard.field_path import FieldPath


def models_at(model: type[BaseModel], path: FieldPath) -> list[type[BaseModel]]:
    """Return the models that may be used at a path below `model`: several for a union."""
    kinds: list[Any] = [model]
    for step in path:
        kinds = [below for kind in kinds for below in _below(kind, step)]
    return [inner for kind in kinds for inner in _models(kind)]


def fields_at(model: type[BaseModel], path: FieldPath) -> set[str]:
    """Return the names of the fields that are allowed at a path below `model`."""
    return {name for inner in models_at(model, path) for name in written_fields(inner)}


def written_fields(model: type[BaseModel]) -> dict[str, str]:
    """Return the fields of a model by their YAML key, each with its name in the code."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif get_origin(kind) not in (dict, list, tuple, set, frozenset):
        for part in get_args(kind):
            yield from _models(part)


def _below(kind: Any, step: str | int) -> Iterator[Any]:
    """Yield the types of the values one step below a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        name = written_fields(kind).get(str(step))
        if name is not None:
            yield kind.model_fields[name].annotation
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is dict:
        yield arguments[1]
    elif origin in (list, tuple, set, frozenset):
        yield from (part for part in arguments if part is not Ellipsis)
    else:
        for part in arguments:
            yield from _below(part, step)
