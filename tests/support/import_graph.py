"""The import graph of packages, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    *("components/stackyard", "cli/stackyard_cli"),
    *("policies/stackyard_policies", "sandbox/stackyard_sandbox"),
]
Graph = Mapping[str, set[str]]
"""Importers, each with what it imports."""


def import_graph(*packages: Path) -> Graph:
    """Return which modules of the packages import which, by their dotted names."""
    files = {
        module_name(path.relative_to(package.parent)): path
        for package in packages
        for path in package.rglob("*.py")
    }
    return {name: set(_imports(name, path, files)) - {name} for name, path in files.items()}


def module_name(path: Path) -> str:
    """Return the dotted name of a module file, given relative to the folder of its package."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imports(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            parts = name.split(".") + (["__init__"] if path.name == "__init__.py" else [])
            above = parts[: -node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield from [each for each in (f"{source}.{alias.name}", source) if each in known][
                    :1
                ]
