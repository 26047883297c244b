"""States that are the same in every pipeline: the start, waits, retries and final states."""

from __future__ import annotations

import math
from typing import Any

from stackyard.pipeline import attestation

State = dict[str, Any]

LOOKS = 1_500
"""Approximate maximum number of polls of a step. Each poll creates three events, a run has four
such steps, and its history is limited to 25,000 events:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""

QUEUED_SECONDS = 7 * 24 * 3600
"""Maximum queueing time of a job in seconds, before its timeout begins."""


TRY_AGAIN = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
    ],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 6,
}
"""Retry of errors of the Lambda service itself,
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html."""


def retries(longest_seconds: int = 3600) -> list[State]:
    """Return the retries of a step that takes at most this time.

    It is polled again after 2 seconds, then with longer waits: up to a minute, or more for a step
    that may take days.
    """
    wait = {
        "ErrorEquals": ["Unfinished"],
        "IntervalSeconds": 2,
        "BackoffRate": 1.2,
        "MaxDelaySeconds": max(60, math.ceil(longest_seconds / LOOKS)),
        "MaxAttempts": 99_999,
    }
    return [wait, TRY_AGAIN]


NOBODY = "nobody"
"""Recorded as the starter of a run that new data or the schedule started."""


def begin(bucket: str) -> dict[str, State]:
    """Return the states from a run's trigger to the input that all further states read.

    The execution's input proves nothing about who started it. The starter is read from the key of
    an object that only this person's session could write, see `attestation`.
    """
    by_person = [
        {"Variable": "$.bucket.name", "IsPresent": True},
        {"Variable": "$.bucket.name", "StringEquals": bucket},
        {"Variable": "$.object.key", "StringMatches": f"{attestation.STARTS}/*"},
    ]
    split = f"States.StringSplit($.object.key, '{attestation.SEPARATORS}')"
    return {
        "Who started it?": {
            "Type": "Choice",
            "Choices": [{"And": by_person, "Next": "A person"}],
            "Default": "Nobody",
        },
        "A person": {
            "Type": "Pass",
            "Parameters": {"person.$": f"States.ArrayGetItem({split}, 2)"},
            "ResultPath": "$.started_by",
            "Next": "Keep input",
        },
        "Nobody": {
            "Type": "Pass",
            "Result": {"person": NOBODY},
            "ResultPath": "$.started_by",
            "Next": "Keep input",
        },
        "Keep input": KEEP_INPUT,
    }


KEEP_INPUT: State = {
    "Type": "Pass",
    "Parameters": {
        "run.$": "$$.Execution.Name",
        "input.$": "$$.Execution.Input",
        "started_by.$": "$.started_by",
    },
    "Next": "Train",
}

FAILURES = {
    "Expired": "nobody answered in time",
    "Approved by starter": "whoever starts a run may not approve it",
    "Unproven": "whoever answered has not put down an answer of their own",
    "Undone": "the new version did not come up or did not stay; the former one serves again",
}

ENDS: dict[str, State] = {
    "Done": {"Type": "Succeed"},
    "Worse": {"Type": "Succeed"},
    "Rejected": {"Type": "Succeed"},
    **{
        name: {"Type": "Fail", "Error": name.replace(" ", ""), "Cause": cause}
        for name, cause in FAILURES.items()
    },
}
"""Final states; a run that needs no action by a person succeeds."""
