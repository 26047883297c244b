"""The instance classes that RDS offers, as cfn-lint brings them along."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path


def database_classes(engine: str) -> dict[str, set[str]]:
    """Return the instance classes of an engine, by the pattern of its version."""
    spec = find_spec("cfnlint")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data/schemas/extensions/aws_rds_dbinstance"
    classes: dict[str, set[str]] = {}
    for rule in json.loads((folder / "db_instance_class.json").read_text())["allOf"]:
        asked = rule["if"]["properties"]
        if asked["Engine"].get("const") == engine:
            offered = rule["then"]["properties"]["DBInstanceClass"]["enum"]
            classes.setdefault(asked["EngineVersion"]["pattern"], set()).update(offered)
    return classes
