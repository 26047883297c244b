"""The states of every pipeline that nothing in its config changes: how runs begin, wait and end."""

from __future__ import annotations

from typing import Any

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

NOBODY = {"person": "nobody", "arn": "nobody"}
"""Who started a run that an event or the clock started."""

BEGIN: dict[str, State] = {
    "Who started it?": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.started_by", "IsPresent": True, "Next": "Keep input"}],
        "Default": "Nobody",
    },
    "Nobody": {
        "Type": "Pass",
        "Result": NOBODY,
        "ResultPath": "$.started_by",
        "Next": "Keep input",
    },
    "Keep input": {
        "Type": "Pass",
        "Parameters": {
            "run.$": "$$.Execution.Name",
            "input.$": "$$.Execution.Input",
            "started_by.$": "$.started_by",
        },
        "Next": "Train",
    },
}
"""From whatever started it to what all states read."""

FAILURES = {
    "Expired": "nobody answered in time",
    "Approved by starter": "whoever starts a run may not approve it",
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
