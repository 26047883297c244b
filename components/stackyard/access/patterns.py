"""Matches patterns and conditions of IAM policies with the values of a request.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any


class PatternError(ValueError):
    """A condition operator or policy variable that this evaluator does not know."""


def like(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Return whether a value matches a pattern; only `*` and `?` are special."""
    if "${" in pattern:
        raise PatternError(f"policy variables are not evaluated (got {pattern!r})")
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.fullmatch(expression, value, flags) is not None


def listed(value: Any) -> list[str]:
    """Return an element of a policy as a list; a single text becomes a list of one."""
    return [value] if isinstance(value, str) else list(value or ())


def holds(
    conditions: Mapping[str, Mapping[str, Any]], facts: Mapping[str, str | list[str]]
) -> bool:
    """Return whether all conditions of a statement hold; raises PatternError if one is unknown."""
    return all(
        _one_holds(operator, listed(expected), facts.get(key))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _one_holds(operator: str, expected: list[str], actual: str | list[str] | None) -> bool:
    if operator.startswith(ANY_VALUE):
        # One matching value is enough; a key without values does not match.
        single = operator.removeprefix(ANY_VALUE)
        return any(_one_holds(single, expected, each) for each in listed(actual))
    if operator == "Null":
        return (actual is None) == (expected[0].lower() == "true")
    if isinstance(actual, list):
        raise PatternError(f"{operator!r} compares single values (got {actual!r})")
    name = operator.removesuffix("IfExists")
    negated = name in NEGATED
    test = COMPARISONS.get(NEGATED.get(name, name))
    if test is None:
        raise PatternError(f"unknown condition operator {operator!r}")
    if actual is None:
        # A missing key fails a normal operator, and passes a negated one or one with `IfExists`.
        return negated or name != operator
    matched = any(test(one, actual) for one in expected)
    return matched != negated


def _arn_like(pattern: str, value: str) -> bool:
    """Compare ARNs part by part; `*` does not match across parts, except in the last one."""
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) and all(map(like, patterns, values))


ANY_VALUE = "ForAnyValue:"
"""Prefix of operators for keys with several values,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html."""

COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda expected, actual: expected.lower() == actual.lower(),
    "NumericGreaterThan": lambda expected, actual: float(actual) > float(expected),
    "NumericLessThan": lambda expected, actual: float(actual) < float(expected),
    "StringEquals": lambda expected, actual: expected == actual,
    "StringLike": like,
}
"""The comparison of each operator: the expected value with the actual one."""

NEGATED: Mapping[str, str] = {
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
}
"""Negated operators, each with the operator that it negates."""
