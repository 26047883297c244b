"""EventBridge refuses event patterns with comparisons that it does not know.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
The emulator checks that values are lists or objects, and no more.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventsBackend

from stackyard_sandbox.cloud.strictness import checked

COMPARISONS = ("<", "<=", "=", ">", ">=")


def install() -> None:
    """Check the pattern of each rule."""
    checked.before(EventsBackend, "put_rule", _check)


def problems(pattern: Any, path: str = "") -> Iterator[str]:
    """Yield what EventBridge refuses of a pattern, each with its path."""
    if not isinstance(pattern, dict) or not pattern:
        yield f"'{path}' must be an object with at least one field"
        return
    for name, value in pattern.items():
        at = f"{path}.{name}" if path else name
        if name == "$or":
            for one in value if isinstance(value, list) and len(value) > 1 else [None]:
                yield from problems(one, at)
        elif isinstance(value, dict):
            yield from problems(value, at)
        elif not isinstance(value, list) or not value:
            yield f"'{at}' must be an object or an array that is not empty"
        else:
            yield from (text for one in value for text in _value(one, at))


def _check(_backend: EventsBackend, call: Mapping[str, Any]) -> None:
    if not call["event_pattern"]:
        return
    try:
        pattern = json.loads(call["event_pattern"])
    except ValueError:
        raise InvalidEventPatternException(reason="Invalid JSON") from None
    for problem in problems(pattern):
        raise InvalidEventPatternException(reason=problem)


def _value(value: Any, path: str) -> Iterator[str]:
    if value is None or isinstance(value, str | bool | int | float):
        return
    if not isinstance(value, dict) or len(value) != 1:
        yield f"'{path}': a value is a text, a number, true, false, null, or one comparison"
        return
    ((name, operand),) = value.items()
    check = _OPERATORS.get(name)
    if check is None:
        yield f"'{path}': Unrecognized match type {name}"
    elif not check(operand):
        yield f"'{path}': {name} does not take {json.dumps(operand)}"


def _text(operand: Any) -> bool:
    return isinstance(operand, str) and bool(operand)


def _text_in_any_case(operand: Any) -> bool:
    if isinstance(operand, dict):
        return set(operand) == {"equals-ignore-case"} and _text(operand["equals-ignore-case"])
    return _text(operand)


def _other(operand: Any) -> bool:
    if isinstance(operand, dict):
        known = {"prefix", "suffix", "equals-ignore-case", "wildcard"}
        return len(operand) == 1 and set(operand) <= known
    values = operand if isinstance(operand, list) else [operand]
    return bool(values) and all(isinstance(one, str | int | float) for one in values)


def _numeric(operand: Any) -> bool:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(sign in COMPARISONS and isinstance(number, int | float) for sign, number in pairs)


def _network(operand: Any) -> bool:
    try:
        ipaddress.ip_network(operand)
    except ValueError:
        return False
    return isinstance(operand, str)


_OPERATORS: Mapping[str, Callable[[Any], bool]] = {
    "anything-but": _other,
    "cidr": _network,
    "equals-ignore-case": _text,
    "exists": lambda operand: isinstance(operand, bool),
    "numeric": _numeric,
    "prefix": _text_in_any_case,
    "suffix": _text_in_any_case,
    "wildcard": lambda operand: _text(operand) and "**" not in operand,
}
