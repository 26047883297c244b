"""Classifies drift: each difference between the cloud and the applied state, by its risk."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from stackyard.estate.settings import DriftIgnore
from stackyard.naming import StackId
from stackyard.resource_risk import PROTECTED, risk_of
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report

Kind = Literal["expected", "benign", "risky", "ignored", "unknown"]

EXPECTED: Mapping[str, tuple[str, ...]] = {
    "kubernetes:apps/v1:Deployment": ("spec.replicas",),
}
"""Properties that an autoscaler writes."""

RISKY_WORDS = (
    "acl",
    "cidr",
    "encrypt",
    "endpointPublicAccess",
    "image",
    "kms",
    "policy",
    "publicAccess",
    "publiclyAccessible",
    "securityGroup",
    "securityContext",
    "taint",
)
"""Parts of property paths that affect access, reachability or encryption, for any type."""

TAGS = ("tags", "tagsAll")
"""Properties that affect access only: conditions of IAM policies may test tags."""


@dataclass(frozen=True)
class Drift:
    """One property, or one whole resource, that differs from the applied state."""

    stack: str
    kind: Kind
    type: str
    name: str
    path: str
    """The property; `(missing)` for a resource that no longer exists in the cloud."""

    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def drift(
    refreshed: Report,
    pending: Report | None,
    ignores: Iterable[DriftIgnore],
    today: datetime.date,
) -> list[Drift]:
    """Return the differences in a refreshed preview that are not caused by edits of the files.

    `pending` is the preview without a refresh; None if the files are unchanged since the apply.
    """
    known = set(_changes(pending)) if pending else set()
    rules = [rule for rule in ignores if rule.expires >= today]
    return [
        _classified(refreshed.stack, step, path, rules)
        for (urn, path) in _changes(refreshed)
        if (urn, path) not in known and (step := refreshed.steps[urn])
    ]


def unseen(report: Report) -> Drift:
    """Return the row of a stack that could not be compared, so that it does not look unchanged."""
    reason = report.result.problem or report.result.outcome
    return Drift(str(report.stack), "unknown", "", "", "(not compared)", reason)


def _changes(report: Report) -> Iterator[tuple[str, str]]:
    for step in report.changing:
        if not step.custom or step.type == "pulumi:pulumi:Stack":
            continue
        if step.kind == "create":
            yield step.urn, "(missing)"
        elif step.kind == "delete":
            yield step.urn, "(not in the files)"
        else:
            yield from ((step.urn, change.path) for change in step.changes)


def _classified(stack: StackId, step: Step, path: str, rules: Iterable[DriftIgnore]) -> Drift:
    for rule in rules:
        if (
            fnmatchcase(str(stack), rule.stack)
            and fnmatchcase(step.name, rule.resource)
            and fnmatchcase(path, rule.path)
        ):
            reason = f"{rule.reason} ({rule.owner}, until {rule.expires})"
            return Drift(str(stack), "ignored", step.type, step.name, path, reason)
    return Drift(str(stack), _kind(step.type, path), step.type, step.name, path)


def _kind(type_token: str, path: str) -> Kind:
    if path in EXPECTED.get(type_token, ()):
        return "expected"
    risk = risk_of(type_token)
    lost = path == "(missing)" and risk.data_class in PROTECTED
    tagged = path.partition(".")[0].partition("[")[0] in TAGS
    by_type = risk.access or ((risk.network or risk.safeguard) and not tagged)
    by_path = any(word.lower() in path.lower() for word in RISKY_WORDS)
    return "risky" if lost or by_type or by_path else "benign"
