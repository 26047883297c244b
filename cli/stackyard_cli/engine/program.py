"""What every program gets before it runs: a quiet log, and a tag that names each resource.

Both use public hooks of the SDK: the engine object of the run's settings, and a transformation.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import pulumi
from pulumi.runtime import register_stack_transformation
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import SETTINGS

RESOURCE_TAG = "stackyard:resource"
"""AWS tag with `type::name` of the resource: the census finds by it what the state has lost."""


class QuietEngine:
    """The engine without debug lines: each is a blocking call, a fifth of a program's time."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def Log(self, request: Any, **options: Any) -> Any:  # noqa: N802 - the protocol's name
        """Pass on what is not a debug line."""
        if request.severity == engine_pb2.DEBUG:
            return None
        return self._engine.Log(request, **options)


def prepare() -> None:
    """Set up the run of this context; called first by the program."""
    if SETTINGS.engine is not None:
        SETTINGS.engine = QuietEngine(SETTINGS.engine)
    register_stack_transformation(named_by_tag)


def named_by_tag(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Add the tag that names the resource, where its type takes a map of tags."""
    if not args.type_.startswith("aws:") or not _takes_tags(type(args.resource)):
        return None
    tags = args.props.get("tags")
    name = {RESOURCE_TAG: f"{args.type_}::{args.name}"}
    if tags is None or isinstance(tags, dict):
        merged: Any = {**(tags or {}), **name}
    else:
        merged = pulumi.Output.from_input(tags).apply(lambda known: {**(known or {}), **name})
    return pulumi.ResourceTransformationResult({**args.props, "tags": merged}, args.opts)


@cache
def _takes_tags(cls: Any) -> bool:
    """Say whether a resource class has an input `tags` that is a map (auto scaling's is a list)."""
    build = getattr(cls, "_internal_init", None)
    field = inspect.signature(build).parameters.get("tags") if build else None
    return field is not None and "Mapping[str" in str(field.annotation)
