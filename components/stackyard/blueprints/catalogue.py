"""The blueprints by name; loading a config imports pydantic only, loading a program Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from stackyard.blueprints.config import StackConfig
from stackyard.naming import StackId

BLUEPRINTS: dict[str, tuple[str, ...]] = {
    "foundation": (),
    "services": ("foundation",),
    "project": ("foundation", "services"),
}
"""Each blueprint, and the blueprints of the same stage whose contracts it reads."""

Program = Callable[[], None]


def depth(blueprint: str) -> int:
    """Return a blueprint's position in dependency order: 0 reads no contract."""
    return max((1 + depth(upstream) for upstream in BLUEPRINTS[blueprint]), default=0)


def config_class(blueprint: str) -> type[StackConfig]:
    """Return the config model of a blueprint; imports no Pulumi."""
    module = import_module(f"stackyard.blueprints.{blueprint}.config")
    return cast(type[StackConfig], getattr(module, f"{blueprint.capitalize()}Config"))


def program(
    blueprint: str, stack: StackId, config: Mapping[str, Any], upstreams: Mapping[str, StackId]
) -> Program:
    """Return the program of a stack, ready to be run by the engine.

    `upstreams` names, for each blueprint that this one reads, the stack of the same stage, and
    the services of other stages as `onprem.registrars.upstream_name` does.
    """
    parsed = config_class(blueprint).parse(config)
    module = import_module(f"stackyard.blueprints.{blueprint}.program")
    build = getattr(module, blueprint.capitalize())
    return cast(Program, build(stack, parsed, upstreams))
