"""The public names: which there are, that each loads lazily, and that type checkers agree."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import stackyard
from stackyard.config import Config

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "components" / "stackyard"
PUBLIC = (Path(__file__).parent / "compatibility" / "public_names.txt").read_text().split()


def test_the_public_names_are_these() -> None:
    """A name that goes is a breaking change: docs/compatibility.md."""
    assert list(stackyard.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_resolves_and_has_a_docstring(name: str) -> None:
    value = getattr(stackyard, name)
    documented = vars(value).get("__doc__") if inspect.isclass(value) else inspect.getdoc(value)
    assert documented, f"{name} has no docstring of its own"
    assert name in dir(stackyard)


def test_every_component_is_public() -> None:
    """Found by the type token that each component declares."""
    declared = {
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        and node.name != "Component"
        and any(getattr(getattr(item, "target", None), "id", "") == "TYPE" for item in node.body)
    }
    assert len(declared) > 40
    assert declared - set(PUBLIC) == set()


def test_the_config_of_every_component_is_public() -> None:
    """Also every section inside such a config: whoever writes the outer one writes the inner."""
    modules = [
        path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
        for path in PACKAGE.glob("*/config.py")
        if path.parent.name != "blueprints"
    ]
    declared = {
        name
        for module in modules
        for name, value in vars(importlib.import_module(module)).items()
        if inspect.isclass(value) and issubclass(value, Config) and value.__module__ == module
    }
    assert len(declared) > 50
    assert declared - set(PUBLIC) == set()


def test_type_checkers_see_the_same_names() -> None:
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text())
    imported = {
        alias.asname: (node.module, alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(filter(None, imported)) == PUBLIC
    for name, (module, original) in imported.items():
        assert module
        assert name
        there = getattr(importlib.import_module(module), original)
        assert getattr(stackyard, name) is there, name


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'DataStore'"):
        _ = stackyard.DataStore  # type: ignore[attr-defined]  # it does not exist


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import stackyard; dir(stackyard)", {"pulumi", "pydantic", "yaml", "jinja2"}),
        ("from stackyard import DatasetStoreConfig", {"pulumi", "pulumi_aws", "boto3"}),
        ("from stackyard import StackId", {"pulumi", "pydantic"}),
        ("from stackyard import Network", {"pulumi_kubernetes", "grafana_foundation_sdk"}),
        ("from stackyard import *", {"grafana_foundation_sdk", "typer", "boto3", "moto"}),
    ],
)
def test_only_what_is_used_is_loaded(statement: str, unwanted: set[str]) -> None:
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules.keys() & {unwanted!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
