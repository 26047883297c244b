"""The style rules that a machine can keep: tokens, schemas, import direction, sizes, start-up."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "stackyard": ROOT / "components" / "stackyard",
    "stackyard_cli": ROOT / "cli" / "stackyard_cli",
    "stackyard_policies": ROOT / "policies" / "stackyard_policies",
    "stackyard_sandbox": ROOT / "sandbox" / "stackyard_sandbox",
}
ALLOWED = {
    "stackyard": {"stackyard"},
    "stackyard_cli": {"stackyard", "stackyard_cli", "stackyard_policies", "stackyard_sandbox"},
    "stackyard_policies": {"stackyard", "stackyard_policies"},
    "stackyard_sandbox": {"stackyard_sandbox"},
}
SOURCES = [path for folder in PACKAGES.values() for path in sorted(folder.rglob("*.py"))]


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the syntax tree of each source file; parsed by the first test that asks."""
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def _imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_imports_upward(package: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): sorted(upward)
        for path, tree in trees().items()
        if PACKAGES[package] in path.parents
        and (upward := (_imported(tree) & set(PACKAGES)) - ALLOWED[package])
    }
    assert wrong == {}


def _component_types() -> list[tuple[str, str, object]]:
    found: list[tuple[str, str, object]] = []
    for path, tree in trees().items():
        if PACKAGES["stackyard"] not in path.parents:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for item in node.body:
                if not isinstance(item, ast.AnnAssign) or item.value is None:
                    continue
                if isinstance(item.target, ast.Name) and item.target.id == "TYPE":
                    value = item.value.value if isinstance(item.value, ast.Constant) else None
                    found.append((str(path.relative_to(ROOT)), node.name, value))
    return found


def test_every_component_type_is_literal_unique_and_named_after_its_class() -> None:
    types = _component_types()
    assert types
    assert {(name, token) for _, name, token in types} == {
        (name, f"stackyard:index:{name}") for _, name, _ in types
    }
    assert len({token for _, _, token in types}) == len(types)


CONFIG_MODULES = [
    path.relative_to(ROOT / "components").with_suffix("").as_posix().replace("/", ".")
    for path in SOURCES
    if path.name == "config.py" and PACKAGES["stackyard"] in path.parents
]


@pytest.mark.parametrize("module", CONFIG_MODULES)
def test_every_config_exports_a_schema_with_descriptions(module: str) -> None:
    from stackyard.config import Config

    loaded = importlib.import_module(module)
    models = [
        value
        for value in vars(loaded).values()
        if isinstance(value, type) and issubclass(value, Config) and value.__module__ == module
    ]
    for model in models:
        schema = model.model_json_schema()
        assert schema.get("description"), model
        bare = [key for key, value in schema["properties"].items() if "description" not in value]
        assert bare == [], f"{model.__name__} lacks attribute docstrings"


def test_configs_load_without_pulumi() -> None:
    """In one process, as each start costs half a second: the first that loads it is named."""
    code = (
        "import sys, importlib\n"
        f"for module in {sorted(CONFIG_MODULES)}:\n"
        "    importlib.import_module(module)\n"
        "    if sys.modules.keys() & {'pulumi', 'boto3'}: sys.exit(module)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_loads_neither_pulumi_nor_boto3() -> None:
    code = (
        "import sys\nsys.argv = ['stackyard', '--help']\n"
        "from stackyard_cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.exit('pulumi' in sys.modules or 'boto3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_functions_and_files_stay_short() -> None:
    long_files = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in SOURCES
        if len(path.read_text().splitlines()) > 300
    }
    long_functions = {
        f"{path.relative_to(ROOT)}:{node.name}": node.end_lineno - node.lineno + 1
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 60
    }
    assert (long_files, long_functions) == ({}, {})


AUTOMATION = re.compile(r"pulumi\.automation(\.|$)")
STREAMS = re.compile(r"(^|\.)(stdout|stderr)(\.buffer)?\.(write|writelines)$")
WORKER = "engine/worker/"
"""The child process of one stack: its output is a pipe to the command."""


def _modules(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of everything that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _prints(tree: ast.AST) -> list[str]:
    """Return the calls that write to a terminal, with their lines."""
    calls = [
        (node.lineno, ast.unparse(node.func))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]
    return [
        f"{line}: {call}"
        for line, call in sorted(calls)
        if call == "print" or call.endswith((".echo", ".secho")) or STREAMS.search(call)
    ]


def test_nothing_is_validated_by_assert() -> None:
    """`python -O` drops assertions; pods are exempt, since their command has no `-O`."""
    asserting = {
        str(path.relative_to(ROOT))
        for path, tree in trees().items()
        if any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    }
    assert {path for path in asserting if "/pods/" not in path} == set()


def test_only_the_worker_imports_the_automation_api() -> None:
    cli = PACKAGES["stackyard_cli"]
    found = {
        path.relative_to(cli).as_posix()
        for path, tree in trees().items()
        if cli in path.parents and any(map(AUTOMATION.match, _modules(tree)))
    }
    assert f"{WORKER}operate.py" in found, "the worker has moved"
    # It installs the engine's binary, for which the SDK has the only installer.
    outside = found - {"backend/pulumi_binary.py"}
    assert [name for name in sorted(outside) if not name.startswith(WORKER)] == []


INTERNALS = re.compile(r"pulumi(_\w+)?(\.\w+)*\.(_\w+|runtime\.(proto|rpc|settings|stack)\b.*)")
"""Modules and names of the SDKs that their documentation does not have."""

INTERNAL_NAMES = {"_internal_init", "pulumi_policy.policy"}
"""The same, where they are read or imported by name."""


def test_internals_of_the_sdks_are_used_in_one_module_of_each_side_only() -> None:
    """Each has contract tests: `test_pulumi_internals.py`."""
    users = {
        str(path.relative_to(ROOT))
        for path, tree in trees().items()
        if PACKAGES["stackyard_sandbox"] not in path.parents
        and (
            any(map(INTERNALS.fullmatch, _modules(tree)))
            or any(
                isinstance(node, ast.Constant) and node.value in INTERNAL_NAMES
                for node in ast.walk(tree)
            )
        )
    }
    assert users == {
        "cli/stackyard_cli/engine/worker/pulumi_internals.py",
        "components/stackyard/pulumi_internals.py",
        "policies/stackyard_policies/pulumi_internals.py",
    }


def test_only_render_prints() -> None:
    cli = PACKAGES["stackyard_cli"]
    printing = {
        path.relative_to(cli).as_posix(): calls
        for path, tree in trees().items()
        if cli in path.parents and (calls := _prints(tree))
    }
    assert printing.pop("render.py"), "the printer has moved"
    printing.pop("__main__.py")  # it says which package is missing when nothing can be imported
    assert {name: calls for name, calls in printing.items() if not name.startswith(WORKER)} == {}


@pytest.mark.parametrize("package", ["stackyard", "stackyard_policies"])
def test_libraries_never_print(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): calls
        for path, tree in trees().items()
        if PACKAGES[package] in path.parents and (calls := _prints(tree))
    }
    assert found == {}


def test_the_partition_of_an_arn_comes_from_the_region() -> None:
    """An ARN that is written out is wrong in the GovCloud and China; messages and examples may."""
    templates = PACKAGES["stackyard_cli"] / "templates"
    files = [path for path in SOURCES if PACKAGES["stackyard_sandbox"] not in path.parents]
    rendered = [path for path in templates.rglob("*.j2") if {"presets", "ci"} & {*path.parts}]
    written = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*files, *rendered]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"arn:aws:" if "ci" in path.parts else r"""["']arn:aws:""", line)
    ]
    assert written == []
