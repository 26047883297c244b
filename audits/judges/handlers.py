"""The permissions that CloudFormation's handlers need, from its registry in `cfn-lint`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _schemas() -> dict[str, Any]:
    folder = files("cfnlint") / "data" / "schemas" / "resources"
    read = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".json")
    )
    return {schema["typeName"]: schema for schema in read}


def schema(kind: str) -> dict[str, Any]:
    """Return a type's schema; raises KeyError for a type that the registry does not have."""
    found: dict[str, Any] = _schemas()[kind]
    return found


def permissions(kind: str, *verbs: str) -> set[str]:
    """Return the IAM actions that a type's handlers of these verbs need, for all its properties.

    Empty for the few types whose schema lists no handlers.
    """
    handlers = schema(kind).get("handlers", {})
    return {one for verb in verbs for one in handlers.get(verb, {}).get("permissions", ())}
