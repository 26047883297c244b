"""Holds the parameters of each call to AWS's own description of the service, before it is made.

botocore brings the descriptions, and checks required members, types and lower bounds only; enums,
patterns and upper bounds are left to the service, and an emulator asks few of them. A refused call
raises the error of the services: https://smithy.io/2.0/spec/constraint-traits.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from botocore.model import OperationModel, Shape

from stackyard_sandbox.provider.aws import constraint_patterns
from stackyard_sandbox.provider.aws.ledger import Ledger, Refusal

Test = Callable[[Any], bool]

_SIZED = ("string", "blob", "list", "map")
_NUMBERS = ("integer", "long", "float", "double")
_LONGEST_SHOWN = 200


class Rule(NamedTuple):
    """One constraint: what AWS's error says of it, and whether a value satisfies it."""

    text: str
    holds: Test


@dataclass
class Rules:
    """The constraints on one shape of a service, and the shapes in it."""

    kind: str
    sensitive: bool
    own: tuple[Rule, ...]
    members: dict[str, Rules]
    """By member's name; of a list `[]`, of a map `(key)` and `(value)`."""


class Broken(NamedTuple):
    """A value that breaks a rule."""

    path: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"Value '{self.value}' at '{self.path}' failed to satisfy constraint: {self.rule}"


def hold_calls(client: Any, ledger: Ledger | None = None) -> None:
    """Check each call of a boto3 client; the ledger, if there is one, counts them."""
    service = client.meta.service_model.service_name
    known: dict[str, Rules] = {}

    def check(params: Mapping[str, Any], model: OperationModel, **_: Any) -> None:
        held, broken = 0, list[Broken]()
        if model.input_shape is not None:
            held, broken = _held(_rules(service, model.input_shape, known), params)
        if ledger:
            refused = [Refusal(f"{service}:{model.name}", one.path, one.rule) for one in broken]
            ledger.add(held, refused)
        if broken:
            raise _error(model.name, broken)

    # Last, so that it sees what botocore itself makes of the parameters.
    client.meta.events.register_last("before-parameter-build", check)


def _error(operation: str, broken: list[Broken]) -> ClientError:
    errors = "error" if len(broken) == 1 else "errors"
    what = "; ".join(str(one) for one in broken)
    message = f"{len(broken)} validation {errors} detected: {what}"
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, operation)


def _rules(service: str, shape: Shape, known: dict[str, Rules]) -> Rules:
    """Return the rules of a shape; made once, as a shape may contain itself."""
    if shape.name not in known:
        made = Rules(shape.type_name, bool(shape.metadata.get("sensitive")), (), {})
        known[shape.name] = made
        made.own = tuple(_own(service, shape))
        made.members = {
            name: _rules(service, member, known) for name, member in _members(shape).items()
        }
    return known[shape.name]


def _members(shape: Shape) -> dict[str, Shape]:
    if shape.type_name == "structure":
        return dict(shape.members)
    if shape.type_name == "list":
        return {"[]": shape.member}
    if shape.type_name == "map":
        return {"(key)": shape.key, "(value)": shape.value}
    return {}


def _own(service: str, shape: Shape) -> Iterator[Rule]:
    about = shape.metadata
    if enum := frozenset(about.get("enum") or ()):
        yield Rule(f"Member must satisfy enum value set: {sorted(enum)}", enum.__contains__)
    if "pattern" in about and (service, shape.name) not in constraint_patterns.UNUSABLE:
        pattern = constraint_patterns.compiled(about["pattern"])
        text = f"Member must satisfy regular expression pattern: {about['pattern']}"
        yield Rule(text, lambda value: pattern.fullmatch(value) is not None)
    if shape.type_name in _SIZED:
        yield from _bounds("length", len, about)
    elif shape.type_name in _NUMBERS:
        yield from _bounds("value", float, about)


def _bounds(what: str, measure: Callable[[Any], float], about: Mapping[str, Any]) -> Iterator[Rule]:
    if (least := about.get("min")) is not None:
        text = f"Member must have {what} greater than or equal to {least}"
        yield Rule(text, lambda value: measure(value) >= float(least))
    if (most := about.get("max")) is not None:
        text = f"Member must have {what} less than or equal to {most}"
        yield Rule(text, lambda value: measure(value) <= float(most))


_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": (list, tuple),
    "string": str,
    "blob": (bytes, bytearray, str),
    **dict.fromkeys(_NUMBERS, (int, float)),
}


def _held(rules: Rules, value: Any, path: str = "") -> tuple[int, list[Broken]]:
    """Return how many values a rule was asked about, and those that break one."""
    # A value of another type is botocore's to refuse, right after this.
    if not isinstance(value, _TYPES.get(rules.kind, ())):
        return 0, []
    shown = "***" if rules.sensitive else str(value)[:_LONGEST_SHOWN]
    broken = [Broken(path, shown, rule.text) for rule in rules.own if not rule.holds(value)]
    held = 1 if rules.own else 0
    for below, at, member in _inside(rules, value, path):
        more, others = _held(below, member, at)
        held += more
        broken += others
    return held, broken


def _inside(rules: Rules, value: Any, path: str) -> Iterator[tuple[Rules, str, Any]]:
    """Return each value in a value: its rules, its path, itself."""
    if rules.kind == "structure":
        dot = "." if path else ""
        for name, member in value.items():
            if name in rules.members:
                yield rules.members[name], f"{path}{dot}{name}", member
    elif rules.kind == "list":
        for index, member in enumerate(value):
            yield rules.members["[]"], f"{path}[{index}]", member
    elif rules.kind == "map":
        for key, member in value.items():
            yield rules.members["(key)"], f"{path} (key)", key
            yield rules.members["(value)"], f"{path}.{key}", member
