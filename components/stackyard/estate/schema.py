"""JSON Schemas of stack files, for editors: one per blueprint, and one for shared files.

A file can inherit fields from other files, so no field is required in these schemas. Only the
merged files show whether a stack is complete: `stackyard validate` checks it.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from stackyard.blueprints.catalogue import BLUEPRINTS, config_class
from stackyard.estate.settings import EstateSettings

SHARED = "shared"
ESTATE = "estate"
NAMES = (*BLUEPRINTS, SHARED, ESTATE)
"""The schemas by name; `shared` is for files from which stacks of any blueprint inherit."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def schema(name: str) -> Schema:
    """Return the schema with this name."""
    if name == ESTATE:
        return {"$schema": DIALECT, **_writable(EstateSettings.model_json_schema(), partial=False)}
    if name == SHARED:
        return _shared()
    model = config_class(name)
    writable = _writable(model.model_json_schema(), partial=True)
    blueprint = {"description": "The blueprint of the stacks of this project.", "const": name}
    writable["properties"] = {"blueprint": blueprint, **writable["properties"]}
    return {"$schema": DIALECT, **writable}


def text(name: str) -> str:
    """Return the text of the schema's committed file."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def _shared() -> Schema:
    """Join the blueprints: a key of several blueprints accepts the values of each of them."""
    models: list[type[BaseModel]] = [config_class(blueprint) for blueprint in BLUEPRINTS]
    refs, whole = models_json_schema([(model, "validation") for model in models])
    definitions = _writable(whole, partial=True)["$defs"]
    properties: dict[str, list[Schema]] = {}
    for model in models:
        own = definitions.pop(refs[model, "validation"]["$ref"].rpartition("/")[2])
        for key, value in own["properties"].items():
            if value not in properties.setdefault(key, []):
                properties[key].append(value)
    return {
        "$schema": DIALECT,
        "$defs": definitions,
        "title": "Shared",
        "description": "Settings that stacks of any blueprint inherit; each uses those it knows.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            key: values[0] if len(values) == 1 else {"anyOf": values}
            for key, values in properties.items()
        },
    }


def _writable(value: Any, *, partial: bool) -> Any:
    """Return the schema of a file: null is refused, and a partial file requires no field."""
    if isinstance(value, list):
        return [_writable(each, partial=partial) for each in value]
    if not isinstance(value, dict):
        return value
    if partial and isinstance(value.get("required"), list):
        value = {key: each for key, each in value.items() if key != "required"}
    if "default" in value and value["default"] is None:
        value = {key: each for key, each in value.items() if key != "default"}
    choices = [each for each in value.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        rest = {key: each for key, each in value.items() if key != "anyOf"}
        value = {**choices[0], **rest}
    elif choices:
        value = {**value, "anyOf": choices}
    return {key: _writable(each, partial=partial) for key, each in value.items()}
