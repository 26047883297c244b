"""Security events of a stage's account, and the CloudTrail patterns that match them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stackyard.aws_location import AwsLocation


@dataclass(frozen=True)
class AuditEvent:
    """An event that raises an alarm each time it happens."""

    name: str
    metric: str
    summary: str
    runbook: str
    patterns: tuple[str, ...] = ()
    """Filter patterns over CloudTrail records, one of which must match; empty if only a run can
    compute them. Source:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html."""


PATTERN_LIMIT = 1024
"""Maximum length of a metric filter's pattern in characters. Source:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html."""

KEY_EVENTS = ("DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion")
TRAIL_EVENTS = ("DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail")


KEY_OPENED = AuditEvent(
    name="key-opened",
    metric="UnexpectedDecrypts",
    summary="Somebody who is no workload or audience of the stage opened a secret or personal data",
    runbook="The record's `userIdentity` says who, its `requestParameters.encryptionContext` what. "
    "An emergency of which the break-glass alarm told: note it there. Anything else: take the "
    "right away where it comes from, rotate the secret, and tell the privacy office if it was "
    "personal data.",
)
"""The use of a key by an unexpected principal; `opened_by_others` returns its pattern."""


def audit_events(emergency_roles: Sequence[str]) -> list[AuditEvent]:
    """Return the events; the roles are ARNs."""
    return [
        AuditEvent(
            name="break-glass",
            metric="BreakGlassUses",
            patterns=tuple(_split("$.requestParameters.roleArn", emergency_roles)),
            summary="Somebody took a role that is for emergencies only",
            runbook="Find out who in the record's `userIdentity`, and ask for the incident it "
            "is about. No incident: end the session by revoking the role's sessions, and rotate "
            "what it could read. Write down what was done with it in any case.",
        ),
        AuditEvent(
            name="key-use",
            metric="KeyChanges",
            patterns=(_pattern("$.eventName", KEY_EVENTS, source="kms.amazonaws.com"),),
            summary="A key was disabled, opened to others, or is to be deleted",
            runbook="Compare with the last applied change of the foundation. Not planned: cancel "
            "the deletion or enable the key at once, as data cannot be read without it, then put "
            "its policy back with `stackyard up`.",
        ),
        AuditEvent(
            name="audit-stopped",
            metric="TrailChanges",
            patterns=(_pattern("$.eventName", TRAIL_EVENTS),),
            summary="The audit trail was changed or stopped",
            runbook="Put it back with `stackyard up` of the foundation. Until then nothing is "
            "recorded: treat everything that happened in between as unknown and find out who did "
            "it from the last record.",
        ),
    ]


def opened_by_others(key_arns: Sequence[str], *, location: AwsLocation, stage: str) -> str:
    """Return the pattern of decryptions by principals other than the stage's roles and services.

    Names of a stage's roles contain the stage; an AWS service appears by its own name, or with its
    service-linked role. A `*` is a wildcard only at the start or end of a text, so the stage in the
    middle needs a regular expression; these cannot contain a colon, so `.` replaces it. A
    comparison with a missing field never matches, so records without a role have a condition of
    their own. Sources: https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html and
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
    """
    roles = location.global_arn("iam", "role")
    issuer = "$.userIdentity.sessionContext.sessionIssuer.arn"
    own = (f"%^{roles.replace(':', '.')}/.*-{stage}-.*%", f'"{roles}/aws-service-role/*"')
    other_role = " && ".join(f"({issuer} != {one})" for one in own)
    return (
        '{ ($.eventSource = "kms.amazonaws.com") && ($.eventName = "Decrypt") '
        f"&& ({_any('$.resources[0].ARN', key_arns)}) "
        '&& ($.userIdentity.type != "AWSService") '
        f'&& (($.userIdentity.type != "AssumedRole") || ({other_role})) }}'
    )


def _any(selector: str, values: Sequence[str]) -> str:
    return " || ".join(f'({selector} = "{value}")' for value in values)


def _split(selector: str, values: Sequence[str]) -> Iterator[str]:
    """Yield patterns of at most `PATTERN_LIMIT` characters that together match every value."""
    part: list[str] = []
    for value in values:
        if part and len(_pattern(selector, [*part, value])) > PATTERN_LIMIT:
            yield _pattern(selector, part)
            part = []
        part.append(value)
    yield _pattern(selector, part)


def _pattern(selector: str, values: Sequence[str], source: str | None = None) -> str:
    if source is None:
        return f"{{ {_any(selector, values)} }}"
    return f'{{ ({_any(selector, values)}) && ($.eventSource = "{source}") }}'
