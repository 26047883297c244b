"""`tests/unit/` mirrors the packages: the folder of a test file is the folder that it tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

UNIT = Path(__file__).parent
ROOT = UNIT.parents[1]
PACKAGES = {
    "components": ROOT / "components" / "stackyard",
    "cli": ROOT / "cli" / "stackyard_cli",
    "policies": ROOT / "policies" / "stackyard_policies",
    "sandbox": ROOT / "sandbox" / "stackyard_sandbox",
}
FILES = [path for name in PACKAGES for path in sorted((UNIT / name).rglob("test_*.py"))]
BY_THE_SHELL = ("tests.support.shell.Shell", "stackyard_cli.app.run")
"""A subcommand is tested as people run it, by its words: its module is not imported."""


def room(path: Path) -> Path:
    """Return the folder of the package that a file of `unit/` mirrors."""
    package, *folders = path.parent.relative_to(UNIT).parts
    return PACKAGES[package].joinpath(*folders)


def imported(tree: ast.AST) -> set[str]:
    """Return the full name of everything that a module imports."""
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(UNIT).as_posix())
def test_a_test_file_is_in_the_folder_that_it_tests(path: Path) -> None:
    folder = room(path)
    assert folder.is_dir(), f"{path.relative_to(UNIT)} mirrors no folder of a package"
    package = ".".join(folder.relative_to(PACKAGES[path.relative_to(UNIT).parts[0]].parent).parts)
    names = imported(ast.parse(path.read_text()))
    if package == "stackyard_cli.commands" and names.intersection(BY_THE_SHELL):
        return
    assert any(f"{name}.".startswith(f"{package}.") for name in names), sorted(names)
