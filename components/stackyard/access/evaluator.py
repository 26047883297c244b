"""Evaluates requests as AWS IAM does, for the policy elements that Stackyard compiles.

Independent of any emulator: explicit denials first, then an allowance by the identity's or the
resource's policy. An unknown condition raises an error; its result is never guessed. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stackyard.access.patterns import holds, like, listed

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """A request to AWS."""

    principal: str
    """ARN of the role."""

    action: str
    """The action, for example `s3:GetObject`."""

    resource: str
    """ARN of the resource."""

    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    """Condition keys; by default a request uses TLS 1.3."""

    @property
    def facts(self) -> dict[str, str | list[str]]:
        """All condition keys of the request."""
        always: dict[str, str | list[str]] = {
            "aws:PrincipalArn": self.principal,
            "aws:PrincipalAccount": self.principal.split(":")[4],
            "aws:SecureTransport": "true",
            "s3:TlsVersion": "1.3",
        }
        return {**always, **self.context}


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed, and the statement that decides it."""

    allowed: bool
    policy: str
    """The deciding policy: `identity`, `resource`, `key`, or `none` if no statement matches."""

    sid: str
    """The id of the deciding statement; empty if no statement matches."""

    action: str = ""
    """The action that was evaluated, if it differs from the requested one."""

    def __str__(self) -> str:
        if self.policy == "none":
            return f"nothing allows {self.action or 'it'}"
        about = f"{self.action} " if self.action else ""
        verdict = "allowed" if self.allowed else "denied"
        return f"{about}{verdict} by {self.sid} ({self.policy} policy)"


NOTHING = Decision(allowed=False, policy="none", sid="")


def decide(request: Request, identity: Document, resource: Document | None = None) -> Decision:
    """Return the decision within one account: the identity's or the resource's policy may allow.

    Raises PatternError for a condition that this evaluator does not know.
    """
    policies = {"identity": identity, "resource": resource or {}}
    matching = [
        (name, statement)
        for name, policy in policies.items()
        for statement in policy.get("Statement", ())
        if _applies(statement, request, is_identity=name == "identity")
    ]
    for effect in ("Deny", "Allow"):
        for name, statement in matching:
            if statement["Effect"] == effect:
                return Decision(effect == "Allow", name, str(statement.get("Sid", "")))
    return NOTHING


def decide_through(
    request: Request, identity: Document, point: tuple[str, Document], bucket: tuple[str, Document]
) -> Decision:
    """Return the decision about a request through an access point: both policies must allow it.

    `request.resource` is the key (or empty for a list); `point` and `bucket` are each a pair of ARN
    and policy. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html.
    """
    (point_arn, point_policy), (bucket_arn, bucket_policy) = point, bucket
    key = request.resource
    context = {
        **request.context,
        "s3:DataAccessPointArn": point_arn,
        "s3:DataAccessPointAccount": point_arn.split(":")[4],
    }
    targets = (
        (f"{point_arn}/object/{key}" if key else point_arn, point_policy),
        (f"{bucket_arn}/{key}" if key else bucket_arn, bucket_policy),
    )
    decision = NOTHING
    for arn, policy in targets:
        forwarded = Request(request.principal, request.action, arn, context)
        decision = decide(forwarded, identity, policy)
        if not decision.allowed:
            return decision
    return decision


def decide_key(request: Request, identity: Document, key: Document) -> Decision:
    """Return the decision about the use of a KMS key; the key's own policy is evaluated first.

    Policies of identities allow nothing unless the key's policy names their account. Source:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    counts = decide(request, {}, _with_accounts(key, request.principal)).allowed
    denials = [one for one in identity.get("Statement", ()) if one["Effect"] == "Deny"]
    decision = decide(request, identity if counts else {"Statement": denials}, key)
    policy = "key" if decision.policy == "resource" else decision.policy
    return replace(decision, policy=policy, action=request.action)


def may_assume(trust: Document, principal: str, external_id: str | None = None) -> Decision:
    """Return whether a principal may assume a role, if the principal's own account allows it."""
    context = {"sts:ExternalId": external_id} if external_id is not None else {}
    request = Request(principal, "sts:AssumeRole", "*", context)
    return decide(request, {}, _with_accounts(trust, principal))


def _with_accounts(trust: Document, principal: str) -> dict[str, Any]:
    """Return the statements with each account replaced by the principal, which belongs to it."""
    _, partition, _, _, account, _ = principal.split(":", 5)
    root = f"arn:{partition}:iam::{account}:root"
    statements = [
        {**statement, "Principal": {"AWS": principal}, "Resource": "*"}
        for statement in trust["Statement"]
        if root in _named(statement["Principal"])
    ]
    return {"Statement": statements}


def _applies(statement: Mapping[str, Any], request: Request, *, is_identity: bool) -> bool:
    return (
        _covers(statement, "Action", request.action)
        and _covers(statement, "Resource", request.resource)
        and (is_identity or _names(statement.get("Principal"), request.principal))
        and holds(statement.get("Condition", {}), request.facts)
    )


def _covers(statement: Mapping[str, Any], element: str, value: str) -> bool:
    """Return whether an element, or its `Not` form, covers a value."""
    ignore_case = element == "Action"
    negated = f"Not{element}" in statement
    patterns = listed(statement.get(f"Not{element}" if negated else element))
    return any(like(one, value, ignore_case=ignore_case) for one in patterns) != negated


def _names(principal: Any, arn: str) -> bool:
    """Return whether a principal element names a role itself.

    An account as a principal only delegates to the account's own policies, so it does not count.
    """
    if principal == "*":
        return True
    names = _named(principal)
    return "*" in names or arn in names


def _named(principal: Any) -> list[str]:
    return listed(principal.get("AWS")) if isinstance(principal, Mapping) else []
