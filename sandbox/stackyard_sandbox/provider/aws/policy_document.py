"""Implements `aws.iam.get_policy_document()`: builds a document from arguments.

The spelling is the official provider's: a list of one is a plain text, lists are in reverse order
of their names (https://www.pulumi.com/registry/packages/aws/api-docs/iam/getpolicydocument/).
"""

from __future__ import annotations

import json
from typing import Any

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.protocol import Properties

MEMBERS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def policy_document(aws: Cloud, arguments: Properties) -> Properties:
    """Return the document: sources, then own statements, then overrides by their `sid`."""
    statements: list[Properties] = []
    for text in arguments.get("sourcePolicyDocuments") or []:
        statements += _statements(text)
    statements = _merged(statements, [_statement(one) for one in arguments.get("statements") or []])
    for text in arguments.get("overridePolicyDocuments") or []:
        statements = _merged(statements, _statements(text))
    document: Properties = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = statements
    return {
        "id": "policy-document",
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "statements": arguments.get("statements"),
        "version": document["Version"],
    }


def _statement(given: Properties) -> Properties:
    statement: Properties = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    for name, member in MEMBERS.items():
        if given.get(name):
            statement[member] = _short(given[name])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            statement[member] = _principals(given[name])
    if given.get("conditions"):
        conditions: Properties = {}
        for one in given["conditions"]:
            values = conditions.setdefault(one["test"], {}).setdefault(one["variable"], [])
            values += one["values"]
        statement["Condition"] = {
            test: {variable: _short(values, keep_order=True) for variable, values in parts.items()}
            for test, parts in conditions.items()
        }
    return statement


def _principals(given: list[Properties]) -> Any:
    if any(one["type"] == "*" and one["identifiers"] == ["*"] for one in given):
        return "*"
    result: dict[str, list[str]] = {}
    for one in given:
        result.setdefault(one["type"], []).extend(one["identifiers"])
    return {kind: _short(identifiers) for kind, identifiers in result.items()}


def _short(values: list[str], *, keep_order: bool = False) -> str | list[str]:
    ordered = list(values) if keep_order else sorted(values, reverse=True)
    return ordered[0] if len(ordered) == 1 else ordered


def _statements(text: str) -> list[Properties]:
    answer = json.loads(text).get("Statement") or []
    return answer if isinstance(answer, list) else [answer]


def _merged(base: list[Properties], over: list[Properties]) -> list[Properties]:
    """Return both; a statement replaces an earlier one with its `Sid`."""
    merged = list(base)
    for statement in over:
        sids = [one.get("Sid") for one in merged]
        sid = statement.get("Sid")
        if sid and sid in sids:
            merged[sids.index(sid)] = statement
        else:
            merged.append(statement)
    return merged
