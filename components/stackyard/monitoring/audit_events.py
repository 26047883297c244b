"""What must not happen unseen in a stage's account, and how a trail shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class AuditEvent:
    """One thing that somebody is told of as soon as it happens."""

    name: str
    metric: str
    pattern: str
    """Filter pattern over CloudTrail records. Source:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html."""

    summary: str
    runbook: str


KEY_EVENTS = ("DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion")
TRAIL_EVENTS = ("DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail")


def audit_events(admins: Sequence[str]) -> list[AuditEvent]:
    """Return the events; `admins` are the ARNs of the roles for emergencies (break glass)."""
    return [
        AuditEvent(
            name="break-glass",
            metric="BreakGlassUses",
            pattern=f"{{ {_any('$.requestParameters.roleArn', admins)} }}",
            summary="Somebody took a role that is for emergencies only",
            runbook="Find out who in the record's `userIdentity`, and ask for the incident it "
            "is about. No incident: end the session by revoking the role's sessions, and rotate "
            "what it could read. Write down what was done with it in any case.",
        ),
        AuditEvent(
            name="key-use",
            metric="KeyChanges",
            pattern=f"{{ ({_any('$.eventName', KEY_EVENTS)}) "
            '&& ($.eventSource = "kms.amazonaws.com") }',
            summary="A key was disabled, opened to others, or is to be deleted",
            runbook="Compare with the last applied change of the foundation. Not planned: cancel "
            "the deletion or enable the key at once, as data cannot be read without it, then put "
            "its policy back with `stackyard up`.",
        ),
        AuditEvent(
            name="audit-stopped",
            metric="TrailChanges",
            pattern=f"{{ {_any('$.eventName', TRAIL_EVENTS)} }}",
            summary="The audit trail was changed or stopped",
            runbook="Put it back with `stackyard up` of the foundation. Until then nothing is "
            "recorded: treat everything that happened in between as unknown and find out who did "
            "it from the last record.",
        ),
    ]


def _any(selector: str, values: Sequence[str]) -> str:
    return " || ".join(f'({selector} = "{value}")' for value in values)
