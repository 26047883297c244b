"""Services refuse a policy that names a user or role of the account that does not exist.

IAM keeps a principal as the unique id of the user or role, so it has to be there:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html. Per
service: KMS, "The principals in the key policy must exist and be visible to KMS",
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html; IAM,
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html; S3,
https://repost.aws/knowledge-center/s3-invalid-principal-in-policy-error; Secrets Manager,
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html; SNS, SQS,
ECR and EFS, the errors that the Terraform provider waits out (`PrincipalNotFound`, `Invalid value
for the parameter Policy`, `Invalid repository policy provided`, `InvalidPolicyException`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from moto.core.exceptions import JsonRESTError
from moto.ecr.exceptions import InvalidParameterException
from moto.ecr.models import ECRBackend
from moto.efs.models import EFSBackend
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import IAMBackend
from moto.kms.models import KmsBackend
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend
from moto.s3control.exceptions import S3ControlError
from moto.s3control.models import S3ControlBackend
from moto.secretsmanager.exceptions import SecretsManagerClientError
from moto.secretsmanager.models import SecretsManagerBackend
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.sqs.exceptions import InvalidAttributeValue
from moto.sqs.models import SQSBackend

from stackyard_sandbox.cloud.iam.principals import exists
from stackyard_sandbox.cloud.strictness import checked


class Place(NamedTuple):
    """A call that writes a policy."""

    backend: type
    method: str
    policy: Callable[[Mapping[str, Any]], Any]
    """Returns the document from the call's arguments; None if it has none."""

    error: Callable[[str], Exception]
    """Makes the service's error for one principal."""


def _argument(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda call: call.get(name)


def _attribute(call: Mapping[str, Any]) -> Any:
    return ((call.get("attributes") or call.get("kwargs")) or {}).get("Policy")


def _topic_attribute(call: Mapping[str, Any]) -> Any:
    is_policy = call["attribute_name"].lower() == "policy"
    return call["attribute_value"] if is_policy else None


def _of_iam(principal: str) -> Exception:
    return MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{principal}"')


def _of_kms(_principal: str) -> Exception:
    return JsonRESTError(
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    )


def _of_s3(_principal: str) -> Exception:
    return S3ClientError("MalformedPolicy", "Invalid principal in policy")


def _of_s3_control(_principal: str) -> Exception:
    return S3ControlError("MalformedPolicy", "Invalid principal in policy")


def _of_secrets(_principal: str) -> Exception:
    return SecretsManagerClientError(
        "MalformedPolicyDocumentException",
        "This resource policy contains an unsupported principal.",
    )


def _of_topics(_principal: str) -> Exception:
    return SNSInvalidParameter("Invalid parameter: Policy Error: PrincipalNotFound")


def _of_queues(_principal: str) -> Exception:
    return InvalidAttributeValue("Policy")


def _of_repositories(_principal: str) -> Exception:
    return InvalidParameterException(
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
        "'Invalid repository policy provided'"
    )


def _of_file_systems(_principal: str) -> Exception:
    return JsonRESTError("InvalidPolicyException", "Policy contains invalid Principal block")


PLACES = (
    Place(IAMBackend, "create_role", _argument("assume_role_policy_document"), _of_iam),
    Place(IAMBackend, "update_assume_role_policy", _argument("policy_document"), _of_iam),
    Place(KmsBackend, "create_key", _argument("policy"), _of_kms),
    Place(KmsBackend, "put_key_policy", _argument("policy"), _of_kms),
    Place(S3Backend, "put_bucket_policy", _argument("policy"), _of_s3),
    Place(S3ControlBackend, "put_access_point_policy", _argument("policy"), _of_s3_control),
    Place(SecretsManagerBackend, "put_resource_policy", _argument("policy"), _of_secrets),
    Place(SNSBackend, "create_topic", _attribute, _of_topics),
    Place(SNSBackend, "set_topic_attribute", _topic_attribute, _of_topics),
    Place(SQSBackend, "create_queue", _attribute, _of_queues),
    Place(SQSBackend, "set_queue_attributes", _attribute, _of_queues),
    Place(ECRBackend, "set_repository_policy", _argument("policy_text"), _of_repositories),
    Place(EFSBackend, "put_file_system_policy", _argument("policy"), _of_file_systems),
)


def install() -> None:
    """Check the principals of each policy that is written."""
    for place in PLACES:
        checked.before(place.backend, place.method, partial(_check, place))


def principals(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a policy names as `AWS` in its principals."""
    statements = document.get("Statement", ())
    for statement in [statements] if isinstance(statements, dict) else statements:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            named = principal.get("AWS", ()) if isinstance(principal, dict) else ()
            yield from [named] if isinstance(named, str) else named


def _check(place: Place, backend: Any, call: Mapping[str, Any]) -> None:
    """Raise the service's error; users and roles of other accounts cannot be seen from here."""
    account = backend.account_id
    own = re.compile(rf"arn:aws[\w-]*:iam::{account}:(user|role)/.+|(AIDA|AROA)[A-Z0-9]+")
    for principal in principals(_document(place.policy(call))):
        if own.fullmatch(principal) and not exists(account, principal):
            raise place.error(principal)


def _document(policy: Any) -> dict[str, Any]:
    """Return a policy; an empty one for a text that the service refuses as no document."""
    try:
        document = json.loads(policy or "{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
