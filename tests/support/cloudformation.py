"""CloudFormation's registry, as cfn-lint brings it along: what a type asks of its caller."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def _schemas() -> dict[str, Any]:
    spec = find_spec("cfnlint")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data/schemas/resources"
    read = (json.loads(path.read_text()) for path in folder.glob("*.json"))
    return {schema["typeName"]: schema for schema in read}


def schema(kind: str) -> dict[str, Any]:
    """Return a type's schema; raises KeyError for a type that the registry does not have."""
    found: dict[str, Any] = _schemas()[kind]
    return found


def permissions(kind: str, *verbs: str) -> set[str]:
    """Return the IAM actions that a type's handlers of these verbs need, for all its properties."""
    handlers = schema(kind)["handlers"]
    return {one for verb in verbs for one in handlers.get(verb, {}).get("permissions", ())}
