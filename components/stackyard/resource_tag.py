"""A tag with the name of each AWS resource, so that a census can compare account and state.

After a crash the account may contain a resource that is not in the state. The stack's tag names its
owner; this tag names the resource, so that it is imported instead of created again.
"""

from __future__ import annotations

import inspect
import sys
from functools import cache
from typing import Any

import pulumi
from pulumi.runtime import register_stack_transformation

from stackyard.tags import PREFIX

RESOURCE_TAG = f"{PREFIX}resource"
"""AWS tag with `type::name` of the resource."""


def name_resources() -> None:
    """Tag every AWS resource of this program; call it first: it affects later resources only."""
    register_stack_transformation(named_by_tag)


def named_by_tag(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Add the tag if the resource's type accepts a map of tags."""
    if not args.type_.startswith("aws:") or not _takes_tags(_class_of(args)):
        return None
    tags = args.props.get("tags")
    name = {RESOURCE_TAG: f"{args.type_}::{args.name}"}
    if tags is None or isinstance(tags, dict):
        merged: Any = {**(tags or {}), **name}
    else:
        merged = pulumi.Output.from_input(tags).apply(lambda known: {**(known or {}), **name})
    return pulumi.ResourceTransformationResult({**args.props, "tags": merged}, args.opts)


def _class_of(args: pulumi.ResourceTransformationArgs) -> Any:
    return type(args.resource)


@cache
def _takes_tags(cls: Any) -> bool:
    """Return whether a class has an input `tags` that is a map (auto scaling's is a list)."""
    arguments = getattr(sys.modules[cls.__module__], f"{cls.__name__}Args", None)
    field = inspect.signature(arguments).parameters.get("tags") if arguments else None
    return field is not None and "Mapping[str" in str(field.annotation)
