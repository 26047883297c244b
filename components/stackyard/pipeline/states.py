"""The states of every pipeline that nothing in its config changes: how runs begin, wait and end."""

from __future__ import annotations

from typing import Any

from stackyard.pipeline import word

State = dict[str, Any]

WAIT = {
    "ErrorEquals": ["Unfinished"],
    "IntervalSeconds": 2,
    "BackoffRate": 1.2,
    "MaxDelaySeconds": 60,
    "MaxAttempts": 99_999,
}
"""Looks again after 2 seconds, then ever less often, up to once a minute."""

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
"""https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html."""

NOBODY = "nobody"
"""Who started a run that data or the clock started."""


def begin(bucket: str) -> dict[str, State]:
    """Return the way from whatever started a run to what all states read.

    Input that says who started it would be only that: said. The name is that of an object which
    nobody else could have put there, see `word`.
    """
    by_word = [
        {"Variable": "$.bucket.name", "IsPresent": True},
        {"Variable": "$.bucket.name", "StringEquals": bucket},
        {"Variable": "$.object.key", "StringMatches": f"{word.STARTS}/*"},
    ]
    split = f"States.StringSplit($.object.key, '{word.SPLIT}')"
    return {
        "Who started it?": {
            "Type": "Choice",
            "Choices": [{"And": by_word, "Next": "A person"}],
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
"""How a run can end; where nobody has to do anything about it, it is a success."""
