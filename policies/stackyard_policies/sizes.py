"""Rules on sizes that AWS refuses in the middle of an apply."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from stackyard.limits import documents
from stackyard_policies.rule import Finding, Settings, Subject, resource_rule, stack_rule

INLINE = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


@resource_rule(
    "aws-document-size",
    *documents.LIMITS,
    fix="name fewer principals, directories or actions in the stack file, or use patterns",
)
def document_size(subject: Subject, settings: Settings) -> Iterator[str]:
    """No document is larger than AWS takes: policies, patterns, definitions."""
    limit = documents.LIMITS[subject.type]
    text = subject.value(limit.field)
    if isinstance(text, str) and (limit.blanks or _is_json(text)):
        size = documents.size(text, blanks=limit.blanks)
        if size > limit.most:
            yield (f"`{subject.name}` has {size} characters; {limit.what} has at most {limit.most}")


@stack_rule(
    "iam-role-size",
    INLINE,
    ATTACHMENT,
    fix="grant fewer datasets or directories to one audience, or whole datasets",
)
def role_size(subjects: list[Subject], settings: Settings) -> Iterator[Finding]:
    """All inline policies of a role fit together, and no role has too many managed ones.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
    """
    inline: dict[str, list[Subject]] = defaultdict(list)
    attached: dict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        if (role := _role(subject)) is not None:
            (inline if subject.type == INLINE else attached)[role].append(subject)
    for role, policies in inline.items():
        texts = [str(policy.value("policy", "")) for policy in policies]
        size = sum(documents.size(text, blanks=False) for text in texts if _is_json(text))
        if size > documents.INLINE:
            names = ", ".join(sorted(policy.name for policy in policies))
            message = f"the inline policies of `{role}` ({names}) have {size} characters in sum"
            yield policies[0].urn, f"{message}; IAM takes {documents.INLINE}"
    for role, attachments in attached.items():
        if len(attachments) > documents.ATTACHED:
            message = (
                f"`{role}` has {len(attachments)} managed policies; IAM takes {documents.ATTACHED}"
            )
            yield attachments[0].urn, message


def _role(subject: Subject) -> str | None:
    """Return the role of a policy: its resource, or its name where nothing links it."""
    if subject.type not in (INLINE, ATTACHMENT):
        return None
    roles = [urn for urn in subject.links.get("role", ()) if "aws:iam/role:Role::" in urn]
    return roles[0].rpartition("::")[2] if roles else subject.value("role")


def _is_json(text: str) -> bool:
    """Tell whether a document is known; in a preview it may be a placeholder."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


RULES = (document_size, role_size)
