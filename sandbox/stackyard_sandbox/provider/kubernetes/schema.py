"""Checks an object with the SDK's types, before it is sent to the API server.

Unlike in the `aws` provider, no value is coerced: `80` and `"80"` are different values for the API
server, and for the official provider, which checks with the server's OpenAPI document.
"""

from __future__ import annotations

import collections.abc
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

import pulumi
from pulumi import _types as sdk  # the module that the generated SDK itself is built on

from stackyard_sandbox.provider.kubernetes.sdk_loading import input_types
from stackyard_sandbox.provider.protocol import UNKNOWN, Properties
from stackyard_sandbox.provider.schema import Failure
from stackyard_sandbox.provider.suggestion import did_you_mean

WORDS: dict[Any, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a map",
    list: "a list",
}


def check(values: Properties, arguments: type) -> list[Failure]:
    """Return every property that the SDK's input class does not allow; texts show no values."""
    return list(_members(values, arguments, ""))


def _members(values: Properties, arguments: type, path: str) -> Iterator[Failure]:
    types, required = input_types(arguments), _required_of(arguments)
    for key, value in values.items():
        where = f"{path}.{key}" if path else key
        # The SDK writes the keys of a definition's schema with underscores; both are taken.
        known = key.replace("-", "_") if key.startswith("x-kubernetes-") else key
        if known in types:
            yield from _value(value, types[known], where)
        else:
            yield Failure(where, f"unknown property `{key}`{_hint(key, types)}")
    for key in sorted(required - values.keys()):
        yield Failure(f"{path}.{key}" if path else key, "this property is required")


def _value(value: Any, kind: Any, path: str) -> Iterator[Failure]:
    if value is UNKNOWN or value is None or kind is Any:
        return
    options = _options(kind)
    if Any in options:
        return
    for option in options:
        if _fits(value, option):
            yield from _inside(value, option, path)
            return
    yield Failure(path, f"must be {_wanted(options)} (got {_word(value)})")


def _inside(value: Any, kind: Any, path: str) -> Iterator[Failure]:
    """Check the members of a value whose outer type is right."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value(item, get_args(kind)[0], f"{path}[{index}]")
    elif isinstance(value, dict):
        if sdk.is_input_type(kind):
            yield from _members(value, kind, path)
        elif arguments := get_args(kind):
            for key, item in value.items():
                yield from _value(item, arguments[1], f'{path}["{key}"]')


def _fits(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if origin is Literal:
        return value in get_args(kind)
    if origin in (collections.abc.Sequence, list):
        return isinstance(value, list)
    if origin in (collections.abc.Mapping, dict) or kind is dict or sdk.is_input_type(kind):
        return isinstance(value, dict)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind) if isinstance(kind, type) else False


def _options(kind: Any) -> list[Any]:
    """Return the plain types that an annotation allows, without Pulumi's own wrappers."""
    if get_origin(kind) is not Union:
        return [kind]
    wrappers = (collections.abc.Awaitable, pulumi.Output)
    return [
        option
        for part in get_args(kind)
        if part is not type(None) and get_origin(part) not in wrappers and part not in wrappers
        for option in _options(part)
    ]


def _wanted(options: list[Any]) -> str:
    words: list[str] = []
    for option in options:
        if get_origin(option) is Literal:
            words += [f"`{text}`" for text in get_args(option)]
        elif get_origin(option) in (collections.abc.Sequence, list):
            words.append(WORDS[list])
        else:
            words.append(WORDS.get(option, WORDS[dict]))
    return " or ".join(dict.fromkeys(words))


def _word(value: Any) -> str:
    return WORDS.get(type(value), type(value).__name__)


def _hint(key: str, types: dict[str, Any]) -> str:
    return did_you_mean(_camel(key), types)


def _camel(key: str) -> str:
    """Return the wire name of a Python name: the SDK does not convert plain maps."""
    head, *rest = key.split("_")
    return head + "".join(part.title() for part in rest)


@cache
def _required_of(arguments: type) -> frozenset[str]:
    wire = sdk.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments).parameters.values()
    return frozenset(
        wire.get(parameter.name, parameter.name)
        for parameter in parameters
        if parameter.default is inspect.Parameter.empty
    )
