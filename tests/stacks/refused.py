"""Cases for `validate`: lines that it must refuse in a copy of the reference estate, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stackyard.estate.estate import Estate

DEV = "vision/defects/dev.yaml"
FOUNDATION = "platform/foundation/dev.yaml"
SERVICES = "platform/services/dev.yaml"
DIGEST = "sha256:" + "6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b"


@dataclass(frozen=True)
class Case:
    """Lines that are merged into files below `stacks/`, and the field whose line is reported."""

    files: Mapping[str, Mapping[str, Any]]
    at: str
    """File and field of one problem, without the line: `vision/defects/dev.yaml: tags.note`."""

    says: str = ""
    """What the problem or its hint contains."""


def dev(at: str, says: str = "", /, **sections: Any) -> Case:
    return Case({DEV: sections}, f"{DEV}: {at}", says)


def foundation(at: str, says: str = "", /, **sections: Any) -> Case:
    return Case({FOUNDATION: sections}, f"{FOUNDATION}: {at}", says)


def services(at: str, says: str = "", /, **sections: Any) -> Case:
    return Case({SERVICES: sections}, f"{SERVICES}: {at}", says)


def write(root: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Merge lines into files; `None` takes a key away."""
    for name, lines in files.items():
        path = root / "stacks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = yaml.safe_load(path.read_text()) if path.exists() else {}
        # By way of JSON, since YAML would write one list in two places as an alias.
        merged = json.loads(json.dumps(_merged(before or {}, lines)))
        path.write_text(yaml.safe_dump(merged, sort_keys=False))


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = _merged(below, value) if both else value
    return {key: value for key, value in merged.items() if value is not None}


def found(root: Path) -> list[str]:
    estate = Estate(root)
    return [str(problem) for problem in estate.check(estate.stacks())]


def matches(problem: str, case: Case) -> bool:
    """Tell whether a problem is at the file and field of a case, with a line, and says why."""
    file, _, name = case.at.partition(": ")
    at_line = problem.startswith(f"stacks/{file}:") and (f" `{name}`:" in problem or not name)
    return at_line and case.says in problem
