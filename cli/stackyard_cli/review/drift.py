"""What the cloud holds that the files do not say: each difference with its kind."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from stackyard.data_classes import PROTECTED, data_class_of
from stackyard.estate.exceptions import DriftIgnore
from stackyard.naming import StackId
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report
from stackyard_cli.review.steps import kind_of

Kind = Literal["expected", "benign", "risky", "ignored", "unknown"]

EXPECTED: Mapping[str, tuple[str, ...]] = {
    "aws:eks/nodeGroup:NodeGroup": ("scalingConfig.desiredSize",),
    "kubernetes:apps/v1:Deployment": ("spec.replicas",),
}
"""Properties that an autoscaler writes."""

RISKY_TYPES = (
    "aws:ec2/defaultSecurityGroup",
    "aws:ec2/networkAcl",
    "aws:ec2/route",
    "aws:ec2/securityGroup",
    "aws:eks/access",
    "aws:eks/podIdentity",
    "aws:iam/",
    "aws:kms/",
    "aws:s3/accessPoint",
    "aws:s3/bucketLifecycle",
    "aws:s3/bucketObjectLock",
    "aws:s3/bucketOwnership",
    "aws:s3/bucketPolicy",
    "aws:s3/bucketPublicAccess",
    "aws:s3/bucketServerSideEncryption",
    "aws:s3/bucketVersioning",
    "aws:secretsmanager/secretPolicy",
    "aws:vpc/securityGroup",
    "kubernetes:networking.k8s.io/",
    "kubernetes:rbac.authorization.k8s.io/",
)
"""Who may do what, what reaches what, what is readable, and how long data lives."""

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
"""Parts of property paths with the same meaning, whatever the type."""


@dataclass(frozen=True)
class Drift:
    """One property, or one whole resource, that is not as applied."""

    stack: str
    kind: Kind
    type: str
    name: str
    path: str
    """The property; `(missing)` for a resource that is gone from the cloud."""

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
    """Return what a refreshed preview finds beyond what the files would change anyway.

    `pending` is the preview without a look at the cloud; None where the files say what was applied.
    """
    known = set(_changes(pending)) if pending else set()
    rules = [rule for rule in ignores if rule.expires >= today]
    return [
        _judged(refreshed.stack, step, path, rules)
        for (urn, path) in _changes(refreshed)
        if (urn, path) not in known and (step := refreshed.steps[urn])
    ]


def unseen(report: Report) -> Drift:
    """Return what is told of a stack that could not be compared: no drift found is not no drift."""
    reason = report.result.problem or report.result.outcome
    return Drift(str(report.stack), "unknown", "", "", "(not looked at)", reason)


def _changes(report: Report) -> Iterator[tuple[str, str]]:
    for step in report.changing:
        if not step.custom or step.type == "pulumi:pulumi:Stack":
            continue
        if kind_of(step) == "create":
            yield step.urn, "(missing)"
        elif kind_of(step) == "delete":
            yield step.urn, "(not in the files)"
        else:
            yield from ((step.urn, change.path) for change in step.changes)


def _judged(stack: StackId, step: Step, path: str, rules: Iterable[DriftIgnore]) -> Drift:
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
    gone = path == "(missing)" and data_class_of(type_token) in PROTECTED
    words = any(word.lower() in path.lower() for word in RISKY_WORDS)
    return "risky" if gone or words or type_token.startswith(RISKY_TYPES) else "benign"
