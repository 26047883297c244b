"""Finds what no request can ever match in a policy document: actions, resources, condition keys.

IAM itself takes some of it and then grants nothing, or denies everything; here it is refused.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any

from stackyard_sandbox.cloud.iam import service_reference
from stackyard_sandbox.cloud.iam.service_reference import Action

_BUCKET = "arn:*:s3:::*"
_SEPARATORS = 5
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def problems(document: Any) -> Iterator[str]:
    """Yield what is wrong with the words of a document."""
    statements = document.get("Statement", ()) if isinstance(document, Mapping) else ()
    for statement in _listed(statements):
        yield from _unknown(statement)
        meant = _meant(statement)
        if meant:
            yield from _resources(statement, meant)
            yield from _keys(statement, meant)


def _unknown(statement: Mapping[str, Any]) -> Iterator[str]:
    for action in chain(_listed(statement.get("Action")), _listed(statement.get("NotAction"))):
        if not service_reference.has_action(action):
            yield f"the action {action} does not exist"
    for key in _condition_keys(statement):
        if not service_reference.has_condition_key(key):
            yield f"the condition key {key} does not exist"


def _meant(statement: Mapping[str, Any]) -> Mapping[str, Action]:
    """Return the actions of a statement; none where it means all, or all but some."""
    patterns = _listed(statement.get("Action"))
    if "*" in patterns:
        return {}
    return {
        name: action
        for pattern in patterns
        for name, action in service_reference.actions(pattern).items()
    }


def _resources(statement: Mapping[str, Any], meant: Mapping[str, Action]) -> Iterator[str]:
    """Each resource has the form of one that an action has; each granted action has a resource."""
    named = [_VARIABLE.sub("*", one) for one in _listed(statement.get("Resource"))]
    if not named or "*" in named:
        return
    for one in named:
        if not any(_fits(one, form) for action in meant.values() for form in action.forms):
            yield f"no action of the statement has a resource like {one}"
    patterns = [one for one in _listed(statement["Action"]) if "*" not in one and "?" not in one]
    for pattern in patterns:
        for action in service_reference.actions(pattern).values():
            if not any(_fits(one, form) for one in named for form in action.forms):
                yield f"{pattern} has none of the resources; it is given on * or on other ones"


def _keys(statement: Mapping[str, Any], meant: Mapping[str, Action]) -> Iterator[str]:
    """Each condition key, if it is not of every request, is one that an action has."""
    for key in _condition_keys(statement):
        name = key.lower()
        if name in service_reference.GLOBAL_KEYS or "." in name.partition(":")[0]:
            continue
        if name.startswith("aws:principaltag/") or not service_reference.has_condition_key(key):
            continue
        if not any(
            service_reference.is_key(name, one) for action in meant.values() for one in action.keys
        ):
            yield f"no action of the statement has the condition key {key}"


def _condition_keys(statement: Mapping[str, Any]) -> Iterator[str]:
    for keys in statement.get("Condition", {}).values():
        yield from keys


def _fits(resource: str, form: str) -> bool:
    """Return whether a resource can be one of a form; parts of an ARN are compared one by one.

    The name of a bucket, which the reference gives as one placeholder, has no slash.
    """
    if form == _BUCKET and "/" in resource.partition("*")[0]:
        return False
    if resource.count(":") < _SEPARATORS:
        return _meets(resource, form)
    parts = zip(resource.split(":", _SEPARATORS), form.split(":", _SEPARATORS), strict=True)
    return all(_meets(one, other) for one, other in parts)


@cache
def _meets(one: str, other: str) -> bool:
    """Return whether two patterns with `*` and `?` have a text in common."""
    ends = (len(one), len(other))
    seen: set[tuple[int, int]] = set()
    left = [(0, 0)]
    while left:
        at = left.pop()
        if at == ends:
            return True
        if at not in seen:
            seen.add(at)
            left += _steps(one, other, *at)
    return False


def _steps(one: str, other: str, first: int, second: int) -> Iterator[tuple[int, int]]:
    """Yield the positions in both patterns that can follow; a `*` may stand for nothing."""
    here, there = one[first : first + 1], other[second : second + 1]
    if here == "*":
        yield first + 1, second
    if there == "*":
        yield first, second + 1
    if here and there and ("*" in (here, there) or "?" in (here, there) or here == there):
        yield first + (here != "*"), second + (there != "*")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
