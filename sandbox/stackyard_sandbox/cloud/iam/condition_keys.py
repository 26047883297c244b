"""Computes the IAM condition keys of a request.

Source of the keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.iam.access_control import IAMRequestBase
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends

from stackyard_sandbox.cloud.iam import access_points
from stackyard_sandbox.cloud.iam.instance_requests import tags_of
from stackyard_sandbox.cloud.iam.principals import PARTITION, principal_of
from stackyard_sandbox.cloud.iam.request_resources import fields_of

_ENCRYPTION = "x-amz-server-side-encryption"
_HEADERS = (
    _ENCRYPTION,
    f"{_ENCRYPTION}-aws-kms-key-id",
    f"{_ENCRYPTION}-customer-algorithm",
    "if-none-match",
)
_FORM_TAG = re.compile(r"Tags\.member\.(\d+)\.Key")
_TOKEN_CODE = re.compile(r"\d{6}")


def facts(request: IAMRequestBase, entity: str) -> dict[str, str]:
    """Return the keys that depend on the request only; loopback counts as TLS: it stays local."""
    result = {
        "aws:principalarn": entity,
        "aws:principalaccount": request.account_id,
        "kms:calleraccount": request.account_id,
        "aws:requestedregion": request._region,
        "aws:securetransport": "true",
        "s3:tlsversion": "1.3",
    }
    if principal := principal_of(request.account_id, request._access_key._access_key_id):
        result["aws:userid"] = principal.user_id
    if point := access_points.used():
        result |= access_points.facts(point)
    headers = {name.lower(): value for name, value in request._headers.items()}
    query = parse_qs(urlsplit(request._path).query)
    result |= {f"s3:{name}": headers[name] for name in _HEADERS if name in headers}
    # Uploading parts, and starting an upload, create no object yet.
    makes_object = "partNumber" not in query and "uploads" not in urlsplit(request._path).query
    result["s3:objectcreationoperation"] = str(makes_object).lower()
    if "prefix" in query:
        result["s3:prefix"] = query["prefix"][0]
    fields = fields_of(request._body, request._data)
    if "ExternalId" in fields:
        result["sts:externalid"] = str(fields["ExternalId"])
    if _shown_device(request.account_id, entity, fields):
        result["aws:multifactorauthpresent"] = "true"
    asked = dict(_asked_tags(fields))
    result |= {f"aws:requesttag/{key.lower()}": value for key, value in asked.items()}
    if asked:
        result["aws:tagkeys"] = "\n".join(asked)
    if "PermissionsBoundary" in fields:
        result["iam:permissionsboundary"] = str(fields["PermissionsBoundary"])
    return result


def facts_about(resource: str, account: str, region: str) -> dict[str, str]:
    """Return what is so of a resource: its tags, and the boundary of a role."""
    service = resource.split(":")[2] if resource.count(":") >= 5 else ""
    result: dict[str, str] = {}
    tags: Any = ()
    if service == "ec2":
        return {
            f"aws:resourcetag/{key.lower()}": value
            for key, value in tags_of(resource, account).items()
        }
    if service == "iam" and ":instance-profile/" in resource:
        tags = _profile_tags(resource, account)
    elif service == "iam" and (role := role_of(resource, account)):
        tags = role.tags
        if role.permissions_boundary_arn:
            result["iam:permissionsboundary"] = role.permissions_boundary_arn
    elif service == "kms":
        key = resource.partition(":key/")[2]
        tags = kms_backends[account][region].tagger.list_tags_for_resource(key)["Tags"]
    elif service == "secretsmanager":
        secret = secretsmanager_backends[account][region].secrets.get(resource)
        tags = getattr(secret, "tags", None) or ()
    return result | {f"aws:resourcetag/{key.lower()}": value for key, value in _pairs(tags)}


def _profile_tags(resource: str, account: str) -> Any:
    with suppress(NotFoundException):
        name = resource.rpartition("/")[2]
        return iam_backends[account][PARTITION].get_instance_profile(name).tags
    return ()


def role_of(arn: str, account: str) -> Role | None:
    """Return the role with an ARN, or None."""
    with suppress(NotFoundException):
        return iam_backends[account][PARTITION].get_role_by_arn(arn)
    return None


def _shown_device(account: str, entity: str, fields: Mapping[str, Any]) -> bool:
    """Return whether a user sends their own MFA device; the code is not checked here."""
    if not _TOKEN_CODE.fullmatch(str(fields.get("TokenCode", ""))):
        return False
    users = iam_backends[account][PARTITION].users.values()
    owned = {serial for user in users if user.arn == entity for serial in user.mfa_devices}
    return fields.get("SerialNumber") in owned


def _asked_tags(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tags in a request: as JSON, or as a form."""
    if isinstance(tags := fields.get("Tags"), list):
        yield from _pairs(tags)
    for name, key in fields.items():
        if match := _FORM_TAG.fullmatch(name):
            yield str(key), str(fields.get(f"Tags.member.{match[1]}.Value", ""))


def _pairs(tags: Any) -> Iterator[tuple[str, str]]:
    for tag in tags:
        if isinstance(tag, Mapping):
            key = tag.get("Key", tag.get("TagKey"))
            yield str(key), str(tag.get("Value", tag.get("TagValue", "")))
