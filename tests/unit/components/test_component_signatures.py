"""Constructors of components: one shape, few parameters, and no contract of another stack."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

import stackyard
from stackyard._component import Component
from stackyard.contracts import Contract

MOST_PARAMETERS = 8
"""With name, config and opts; what a component takes beside them is grouped by what it is."""

NOT_MODULES = re.compile(r"\.(pods|function)(\.|$)")
"""Programs that run elsewhere; they import what is not installed here."""


def subclasses(base: type) -> Iterator[type]:
    below: list[type] = base.__subclasses__()
    for one in below:
        yield one
        yield from subclasses(one)


def components() -> list[type[Component]]:
    """Every component with a type token, whatever test or module declared it last."""
    for module in pkgutil.walk_packages(stackyard.__path__, "stackyard."):
        if not NOT_MODULES.search(module.name):
            importlib.import_module(module.name)
    found = {one.__name__: one for one in subclasses(Component) if "TYPE" in vars(one)}
    return [one for one in found.values() if one.__module__.startswith("stackyard.")]


COMPONENTS = components()
CONTRACTS = {one.__name__ for one in (Contract, *subclasses(Contract))}


def problems(component: type[Component]) -> list[str]:
    """Return how a component's constructor breaks the rules."""
    _, *parameters = inspect.signature(component.__init__).parameters.values()
    found = []
    if len(parameters) > MOST_PARAMETERS:
        found.append(f"{len(parameters)} parameters")
    if parameters[0].name != "name" or parameters[-1].name != "opts":
        found.append("not `name` first and `opts` last")
    if parameters[-1].default is not None:
        found.append("`opts` has no default None")
    found += [
        f"`{parameter.name}` is not keyword-only"
        for parameter in parameters[2:]
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    for parameter in parameters:
        words = set(re.findall(r"\w+", str(parameter.annotation)))
        if taken := words & {*CONTRACTS, "Any"}:
            found.append(f"`{parameter.name}` is annotated with {', '.join(sorted(taken))}")
    return found


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda one: one.__name__)
def test_a_component_takes_few_things_and_only_what_it_uses(component: type[Component]) -> None:
    assert problems(component) == []


def test_every_component_is_looked_at() -> None:
    assert len(COMPONENTS) > 40
