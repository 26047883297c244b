"""IAM policy documents as plain data: all are built, named and serialised in the same way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Statement = dict[str, Any]

Document = Mapping[str, Any]
"""A policy document, or another JSON document that `text` serialises."""


def statement(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[Any],
    *,
    effect: Literal["Allow", "Deny"] = "Allow",
    principals: Mapping[str, Any] | str | None = None,
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """Return one statement; `principals` only in resource and trust policies."""
    result: Statement = {"Sid": sid, "Effect": effect, "Action": sorted(actions)}
    if resources:
        result["Resource"] = list(resources)
    if principals is not None:
        result["Principal"] = principals
    if conditions:
        result["Condition"] = {key: dict(value) for key, value in conditions.items()}
    return result


def document(*statements: Statement) -> dict[str, Any]:
    """Return a policy document of the current language version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def text(policy: Mapping[str, Any]) -> str:
    """Serialise a document; key order is fixed, so equal policies never show as a change."""
    return json.dumps(policy, sort_keys=True)


def assumable_by(
    principals: Mapping[str, Any],
    *,
    actions: Sequence[str] = ("sts:AssumeRole",),
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return a trust policy for the given principals."""
    return document(statement("Assume", actions, (), principals=principals, conditions=conditions))
