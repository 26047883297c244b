"""Waits out errors that pass once IAM's changes have spread, as the official provider does.

The table has the errors that the Terraform provider, on which the official one is built, retries:
https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service, a folder per
service. What is not in it is not retried on AWS either: policies of S3 access points, for example.
It waits two minutes; here a change spreads in `settling.seconds`, so less is enough.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from stackyard_sandbox import settling

PAUSE_SECONDS = 0.5
LEAST_SECONDS = 3
"""Two resources that need each other's effect may be made at the same time."""


class Passing(NamedTuple):
    """An error that may pass."""

    service: str
    code: str
    text: str
    """A part of its message."""


PASSING = (
    Passing("cloudtrail", "InvalidCloudWatchLogsRoleArnException", "Access denied"),
    Passing("codebuild", "InvalidInputException", "not authorized to perform"),
    Passing("ecr", "InvalidParameterException", "Invalid repository policy provided"),
    Passing("efs", "InvalidPolicyException", "Policy contains invalid Principal block"),
    Passing("eks", "InvalidParameterException", "invalid principal"),
    Passing("eks", "InvalidParameterException", "Role provided in the request does not exist"),
    Passing("eks", "InvalidParameterException", "could not be assumed"),
    Passing("iam", "MalformedPolicyDocument", "Invalid principal in policy"),
    Passing("kms", "MalformedPolicyDocumentException", ""),
    Passing("lambda", "InvalidParameterValueException", "cannot be assumed by Lambda"),
    Passing("lambda", "InvalidParameterValueException", "execution role does not have permissions"),
    Passing("s3", "MalformedPolicy", ""),
    Passing("scheduler", "ValidationException", "must allow AWS EventBridge Scheduler to assume"),
    Passing("secretsmanager", "MalformedPolicyDocumentException", "unsupported principal"),
    Passing("sns", "InvalidParameter", "PrincipalNotFound"),
    Passing("sqs", "InvalidAttributeValue", "Invalid value for the parameter Policy"),
    Passing("stepfunctions", "AccessDeniedException", ""),
)


def wait_out(client: Any) -> None:
    """Repeat calls of a boto3 client whose error may pass."""
    service = client.meta.service_model.service_name
    passing = [one for one in PASSING if one.service == service]

    def pause(response: Any, attempts: int, **_: Any) -> float | None:
        error = response[1].get("Error", {}) if response else {}
        longest = LEAST_SECONDS + 2 * settling.seconds()
        if attempts * PAUSE_SECONDS > longest or not any(_is(one, error) for one in passing):
            return None
        return PAUSE_SECONDS

    if passing:
        client.meta.events.register_first("needs-retry", pause)


def _is(one: Passing, error: dict[str, Any]) -> bool:
    return error.get("Code") == one.code and one.text in str(error.get("Message", ""))
