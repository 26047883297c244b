"""Reads the input types of an SDK's resources from the SDK's source text.

A generated SDK declares, per resource, a class `XArgs` (inputs), a class `_XState` (inputs and
outputs), and nested classes in `_inputs.py`. Reading their text takes milliseconds and little
memory; importing the modules takes half a second each and some hundred megabytes in all.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

KindName = Literal["str", "int", "float", "bool", "any", "list", "map", "object", "asset", "text"]


@dataclass(frozen=True)
class Kind:
    """The type of a property; `text` is a string that the SDK also accepts as a policy document."""

    name: KindName
    item: Kind | None = None
    reference: tuple[str, str] | None = None
    """Folder and class of an `object`."""


@dataclass(frozen=True)
class Property:
    """One property, with its wire name."""

    name: str
    kind: Kind
    required: bool
    description: str


Members = dict[str, Property]


@dataclass(frozen=True)
class ResourceType:
    """The inputs of a resource, and the names of all properties in its state."""

    token: str
    inputs: Members
    state: frozenset[str]


ANY = Kind("any")
SCALARS: dict[str, Kind] = {name: Kind(name) for name in ("str", "int", "float", "bool")}


@cache
def resource_type(token: str) -> ResourceType:
    """Return the type of a token such as `aws:s3/bucket:Bucket`; KeyError if it has none."""
    package, _, name = token.split(":")
    if package == "pulumi":
        folder, cls, file = "", "Provider", "provider.py"
        package = name
    else:
        folder, cls = _registrations(package)[token]
        file = _file_of(package, folder, cls)
    text = _text(package, folder, file)
    # A nested class of the same name uses `XArgs`; the resource's own is then `XInitArgs`.
    own = f"{cls}InitArgs" if f"\nclass {cls}InitArgs:" in text else f"{cls}Args"
    inputs = _members(package, folder, text, own)
    state = _members(package, folder, text, f"_{cls}State") if f"class _{cls}State:" in text else {}
    return ResourceType(token=token, inputs=inputs, state=frozenset(state))


@cache
def object_members(package: str, reference: tuple[str, str]) -> Members:
    """Return the properties of a nested input class."""
    folder, cls = reference
    return _members(package, folder, _text(package, folder, "_inputs.py"), cls)


def tokens(package: str) -> frozenset[str]:
    """Return every resource token of the SDK."""
    return frozenset(_registrations(package))


@cache
def _root(package: str) -> Path:
    spec = importlib.util.find_spec(f"pulumi_{package}")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"the SDK pulumi_{package} is not installed")
    return Path(spec.submodule_search_locations[0])


def _text(package: str, folder: str, file: str) -> str:
    return (_root(package) / folder / file).read_text(encoding="utf-8")


@cache
def _registrations(package: str) -> dict[str, tuple[str, str]]:
    """Return token -> (folder, class) from the SDK's own table of lazily loaded modules."""
    text = _text(package, "", "__init__.py")
    match = re.search(r'resource_modules="""\n(.*?)\n"""', text, re.DOTALL)
    if match is None:
        raise LookupError(f"pulumi_{package} has no table of resource modules")
    result: dict[str, tuple[str, str]] = {}
    for module in json.loads(match.group(1)):
        folder = module["fqn"].removeprefix(f"pulumi_{package}").lstrip(".").replace(".", "/")
        result.update({token: (folder, cls) for token, cls in module["classes"].items()})
    return result


def _file_of(package: str, folder: str, cls: str) -> str:
    guess = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls).lower() + ".py"
    needle = f"\nclass {cls}(pulumi.CustomResource):"
    here = _root(package) / folder
    if (here / guess).is_file() and needle in _text(package, folder, guess):
        return guess
    for path in sorted(here.glob("*.py")):
        if needle in path.read_text(encoding="utf-8"):
            return path.name
    raise LookupError(f"pulumi_{package}/{folder} holds no class {cls}")


def _members(package: str, folder: str, text: str, cls: str) -> Members:
    """Read the constructor (types, required) and the getters (wire names) of an input class."""
    start = text.find(f"\nclass {cls}:")
    if start < 0:
        raise LookupError(f"pulumi_{package}/{folder} holds no class {cls}")
    ends = (text.find(mark, start + 1) for mark in ("\nclass ", "\n@"))
    end = min((at for at in ends if at > 0), default=len(text))
    tree = ast.parse(text[start:end])
    definition = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    functions = [node for node in definition.body if isinstance(node, ast.FunctionDef)]
    names, descriptions = _getters(functions)
    members: Members = {}
    init = next((node for node in functions if node.name == "__init__"), None)
    if init is None:
        return members
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        name = names.get(argument.arg, argument.arg)
        kind = _kind(argument.annotation, folder)
        description = descriptions.get(argument.arg, "")
        members[name] = Property(name, kind, default is None, description)
    return members


def _getters(functions: list[ast.FunctionDef]) -> tuple[dict[str, str], dict[str, str]]:
    names: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    for function in functions:
        for decorator in function.decorator_list:
            called = isinstance(decorator, ast.Call) and ast.unparse(decorator.func)
            if called == "pulumi.getter" and isinstance(decorator, ast.Call):
                wire = next((word.value for word in decorator.keywords if word.arg == "name"), None)
                if isinstance(wire, ast.Constant):
                    names[function.name] = str(wire.value)
        if function.name not in descriptions:
            descriptions[function.name] = ast.get_docstring(function) or ""
    return names, descriptions


def _kind(node: ast.expr | None, folder: str) -> Kind:
    """Convert an annotation such as `pulumi.Input[Optional[Sequence[pulumi.Input['XArgs']]]]`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _named(node.value, folder)
    if isinstance(node, ast.Attribute):
        if node.attr in SCALARS:
            return SCALARS[node.attr]
        return Kind("asset") if node.attr in ("Asset", "Archive") else ANY
    if not isinstance(node, ast.Subscript):
        return ANY
    outer = ast.unparse(node.value).rpartition(".")[2]
    parts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if outer in ("Input", "Optional"):
        return _kind(parts[0], folder)
    if outer == "Sequence":
        return Kind("list", item=_kind(parts[0], folder))
    if outer == "Mapping":
        return Kind("map", item=_kind(parts[1], folder))
    return _union([_kind(part, folder) for part in parts]) if outer == "Union" else ANY


def _named(name: str, folder: str) -> Kind:
    """Convert a quoted class: nested input classes end in Args, enumerations are strings."""
    module, _, cls = name.rpartition(".")
    if cls.endswith("ArgsDict") or module == "outputs":
        return ANY
    if cls.endswith("Args"):
        return Kind("object", reference=(module.lstrip("_") or folder, cls))
    return SCALARS["str"]


def _union(kinds: list[Kind]) -> Kind:
    objects = [kind for kind in kinds if kind.name == "object"]
    if SCALARS["str"] in kinds:
        documents = objects or any(kind in (ANY, *objects) for kind in kinds)
        return Kind("text") if documents else SCALARS["str"]
    if any(kind.name == "asset" for kind in kinds):
        return Kind("asset")
    return objects[0] if len(objects) == 1 else ANY
