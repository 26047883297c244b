"""Passes policy packs to the engine: one executable each, and a file with its configuration."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Packs = Mapping[Path, Mapping[str, Any]]
"""Executables, each with the configuration of its rules."""


def written(packs: Packs, folder: Path) -> dict[str, list[str]]:
    """Write the configurations into a work folder; return the fields of a request for the packs."""
    files: list[str] = []
    for executable, config in packs.items():
        path = folder / f"policy-{executable.name}.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        files.append(str(path))
    return {"policy_packs": [str(each) for each in packs], "policy_pack_configs": files}


def interpreter_first() -> dict[str, str]:
    """Return a PATH with this interpreter first: the engine starts the packs with it."""
    return {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
