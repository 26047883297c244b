"""`commands/` holds commands only: parse, call, render; the root of the package holds the shell."""

from __future__ import annotations

import ast
from pathlib import Path

CLI = Path(__file__).resolve().parents[2] / "cli" / "stackyard_cli"
COMMANDS = CLI / "commands"

MOST_LINES = 25
"""Lines of a function's body, its docstring included; Typer's parameters come on top."""

MOST_ROOT_MODULES = 8


def _trees() -> dict[str, ast.Module]:
    return {path.stem: ast.parse(path.read_text()) for path in sorted(COMMANDS.glob("*.py"))}


def test_no_class_is_defined_in_a_command_module() -> None:
    classes = {
        f"{module}.{node.name}"
        for module, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    assert classes == set()


def test_no_command_module_imports_another() -> None:
    imports = {
        f"{module} imports {name}"
        for module, tree in _trees().items()
        for node in ast.walk(tree)
        for name in _imported(node)
        if name.startswith("stackyard_cli.commands")
    }
    assert imports == set()


def test_every_function_of_a_command_module_is_short() -> None:
    long = {
        f"{module}.{node.name}"
        for module, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _body_lines(node) > MOST_LINES
    }
    assert long == set()


def test_the_root_of_the_package_holds_the_shell_only() -> None:
    modules = sorted(path.stem for path in CLI.glob("*.py"))
    assert len(modules) <= MOST_ROOT_MODULES, modules


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = "stackyard_cli.commands" if node.level else node.module or ""
        if base == "stackyard_cli":
            return [f"{base}.{alias.name}" for alias in node.names]
        return [base]
    return []


def _body_lines(function: ast.FunctionDef) -> int:
    return (function.end_lineno or 0) - function.body[0].lineno + 1
