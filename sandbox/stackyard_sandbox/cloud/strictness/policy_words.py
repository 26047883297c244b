"""Refuses policies with words that no request can ever match.

S3, SNS, SQS, ECR, KMS and Secrets Manager refuse actions and keys that they do not have, such as
https://repost.aws/knowledge-center/s3-bucket-policy-malformed; IAM takes most of them, and its
Access Analyzer reports them as errors:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html.
Here every service refuses them: such a statement grants nothing, or denies everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import IAMBackend
from moto.s3.exceptions import S3ClientError
from moto.s3control.exceptions import S3ControlError
from moto.sns.exceptions import SNSInvalidParameter
from moto.sqs.exceptions import InvalidParameterValue

from stackyard_sandbox.cloud.iam.policy_vocabulary import problems
from stackyard_sandbox.cloud.strictness import checked, policy_principals

IDENTITY = {
    "create_policy": "policy_document",
    "create_policy_version": "policy_document",
    "put_group_policy": "policy_json",
    "put_role_policy": "policy_json",
    "put_user_policy": "policy_json",
}
"""Methods of the emulator's IAM that write what an identity may do, with their document."""

ERRORS: Mapping[str, Callable[[str], Exception]] = {
    "IAMBackend": MalformedPolicyDocument,
    "S3Backend": partial(S3ClientError, "MalformedPolicy"),
    "S3ControlBackend": partial(S3ControlError, "MalformedPolicy"),
    "SNSBackend": SNSInvalidParameter,
    "SQSBackend": InvalidParameterValue,
}
"""How a service says that it refuses a policy, by the emulator's backend; else as KMS does."""


def install() -> None:
    """Check the words of each policy that is written."""
    for method, name in IDENTITY.items():
        checked.before(IAMBackend, method, partial(_check, itemgetter(name)))
    for place in policy_principals.PLACES:
        checked.before(place.backend, place.method, partial(_check, place.policy))


def _check(document: Callable[[Mapping[str, Any]], Any], backend: Any, call: Any) -> None:
    """Raise the service's error for the first word that is wrong."""
    try:
        policy = json.loads(document(call) or "{}")
    except ValueError:
        return  # the service itself refuses it
    for problem in problems(policy):
        raise _error(type(backend).__name__, f"{problem} (service authorization reference)")


def _error(backend: str, text: str) -> Exception:
    error = ERRORS.get(backend)
    return error(text) if error else JsonRESTError("MalformedPolicyDocumentException", text)
