"""Evaluates IAM policy documents: conditions, explicit denials, boundaries.

The emulator's own evaluator treats every condition as true: a bucket policy that denies plain HTTP
would deny everything. Source of the rules:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_VARIABLE = re.compile(r"\$\{([\w:/-]+)\}")

Document = Mapping[str, Any]
Grant = Literal["named", "account"]
"""Kind of grant in a resource policy: to a named principal, or to an account.

For an account, the caller's own policies must allow the action as well."""


@dataclass(frozen=True)
class Asked:
    """One action on one resource, requested by a caller."""

    action: str
    resource: str
    caller: frozenset[str]
    """ARNs of the caller: of the user or role, and of its session; or of the identity provider."""

    account: str
    facts: Mapping[str, str]
    """Condition keys, in lower case, as IAM compares their names; several values on lines."""


def denied(asked: Asked, documents: Sequence[Document]) -> bool:
    """Return whether a statement of any document denies it."""
    return any(_matching(asked, documents, "Deny"))


def allowed(asked: Asked, documents: Sequence[Document]) -> bool:
    """Return whether a statement of the caller's own documents allows it."""
    return any(_matching(asked, documents, "Allow"))


def granted(asked: Asked, document: Document) -> set[Grant]:
    """Return the kinds of grant in the policy of a resource; empty if there is none."""
    root = f"arn:aws:iam::{asked.account}:root"
    result: set[Grant] = set()
    for statement in _matching(asked, [document], "Allow"):
        named = _principals(statement)
        if "*" in named or asked.caller & named:
            result.add("named")
        elif {root, asked.account} & named:
            result.add("account")
    return result


def _matching(asked: Asked, documents: Sequence[Document], effect: str) -> Iterator[Document]:
    for document in documents:
        statements = document.get("Statement", [])
        for statement in statements if isinstance(statements, list) else [statements]:
            if (
                statement["Effect"] == effect
                and _covers(statement, "Action", asked.action, re.IGNORECASE)
                and _covers(_filled(statement, asked.facts), "Resource", asked.resource, 0)
                and _concerns(statement, asked)
                and _holds(statement.get("Condition", {}), asked.facts)
            ):
                yield statement


def _filled(statement: Document, facts: Mapping[str, str]) -> Document:
    """Return a statement with values for the variables of its resources, such as `${aws:userid}`.

    A resource whose variable has no value matches nothing. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
    """
    resources = _listed(statement.get("Resource"))
    if not any("${" in one for one in resources):
        return statement
    filled = (
        _VARIABLE.sub(lambda current: facts.get(current[1].lower(), "${"), one) for one in resources
    )
    return {**statement, "Resource": [one for one in filled if "${" not in one]}


def _covers(statement: Document, element: str, value: str, flags: int) -> bool:
    if f"Not{element}" in statement:
        return not any(_like(one, value, flags) for one in _listed(statement[f"Not{element}"]))
    if element not in statement:
        return element == "Resource"  # a trust policy applies to its own role
    return any(_like(one, value, flags) for one in _listed(statement[element]))


def _concerns(statement: Document, asked: Asked) -> bool:
    """Return whether a statement applies to the caller; the caller's own ones have no principal."""
    if "Principal" not in statement:
        return True
    accounts = {asked.account, f"arn:aws:iam::{asked.account}:root"}
    named = _principals(statement)
    return "*" in named or bool(named & (asked.caller | accounts))


def _principals(statement: Document) -> set[str]:
    principal = statement.get("Principal", {})
    if principal == "*":
        return {"*"}
    kinds = ("AWS", "Service", "Federated")
    return {name for kind in kinds for name in _listed(principal.get(kind))}


def _holds(conditions: Mapping[str, Mapping[str, Any]], facts: Mapping[str, str]) -> bool:
    return all(
        _one_holds(operator, _texts(expected), facts.get(key.lower()))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _one_holds(operator: str, expected: list[str], actual: str | None) -> bool:
    if operator == "Null":
        return (actual is None) is (expected[0].lower() == "true")
    quantifier, _, name = operator.removesuffix("IfExists").rpartition(":")
    if quantifier:
        # Of a key that is not there, each value is as wanted, and none is.
        values = [] if actual is None else actual.split("\n")
        each = (_one_holds(name, expected, value) for value in values)
        return all(each) if quantifier == "ForAllValues" else any(each)
    negated = "Not" in name
    if actual is None:
        return negated or operator.endswith("IfExists")
    compare = _COMPARISONS.get(name.replace("Not", ""))
    if compare is None:
        # An unknown operator is an error, which cannot be mistaken for a result.
        raise NotImplementedError(f"the sandbox does not evaluate the condition {operator}")
    return any(compare(one, actual) for one in expected) is not negated


def _arn_like(expected: str, actual: str) -> bool:
    parts = list(zip(expected.split(":", 5), actual.split(":", 5), strict=False))
    return expected.count(":") >= 5 and all(_like(one, other) for one, other in parts)


def _like(pattern: str, value: str, flags: int = 0) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, flags | re.DOTALL) is not None


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda expected, actual: expected.lower() == actual.lower(),
    "NumericEquals": lambda expected, actual: float(actual) == float(expected),
    "NumericLessThan": lambda expected, actual: float(actual) < float(expected),
    "NumericGreaterThan": lambda expected, actual: float(actual) > float(expected),
    "StringEquals": lambda expected, actual: actual == expected,
    "StringEqualsIgnoreCase": lambda expected, actual: actual.lower() == expected.lower(),
    "StringLike": lambda expected, actual: _like(expected, actual),
}
