"""What a request asks for in IAM's terms, and the verdict: takes the place of the emulator's.

Beside the caller's policies it hears the policies of buckets, access points,
secrets, image repositories and roles. It
does not hear permissions boundaries, session policies and KMS key policies.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from moto.ecr.models import ecr_backends
from moto.iam.access_control import IAMPolicy, IAMRequestBase, PermissionResult
from moto.iam.exceptions import NotFoundException
from moto.s3.models import FakeBucket, s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from stackyard_sandbox.cloud import access_points
from stackyard_sandbox.cloud.policies import Asked, Document, allowed, denied, granted
from stackyard_sandbox.cloud.principals import PARTITION, principal_of
from stackyard_sandbox.cloud.resources import resource_of

SAME_PERMISSION = {"lambda:Invoke": "lambda:InvokeFunction", "s3:HeadBucket": "s3:ListBucket"}
"""Operations whose permission has another name."""

SIGNED_AS = {"monitoring": "cloudwatch"}
"""Services that sign requests with another name than policies have for them."""

_ENCRYPTION = "x-amz-server-side-encryption"
_HEADERS = (
    _ENCRYPTION,
    f"{_ENCRYPTION}-aws-kms-key-id",
    f"{_ENCRYPTION}-customer-algorithm",
    "if-none-match",
)


def install() -> None:
    """Judge every signed request here, instead of in the emulator."""
    IAMRequestBase.check_action_permitted = _judge  # type: ignore[method-assign]  # the repair
    # Its second look at bucket policies knows neither conditions nor who asks.
    FakeBucket.get_permission = _no_opinion  # type: ignore[assignment, method-assign]  # the repair


def _no_opinion(_self: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.NEUTRAL


def _judge(self: IAMRequestBase, resource: str) -> None:
    """Return if everything that the request asks for is allowed; raises its AccessDenied if not."""
    if self._action == "sts:GetCallerIdentity":
        return
    own = [IAMPolicy(each)._policy_json for each in self._access_key.collect_policies()]
    for asked in _questions(self, resource):
        policy = _resource_policy(asked, self._region)
        documents = [*own, policy] if policy else own
        by_resource = granted(asked, policy) if policy else set()
        permitted = allowed(asked, own)
        if asked.action == "sts:AssumeRole" and policy is not None:
            permitted = "named" in by_resource or (permitted and "account" in by_resource)
        if denied(asked, documents) or not (permitted or "named" in by_resource):
            self._raise_access_denied()


def _questions(self: IAMRequestBase, resource: str) -> Iterator[Asked]:
    """Yield all that a request asks for: most ask for one thing."""
    principal = principal_of(self.account_id, self._access_key._access_key_id)
    arns = {self._access_key.arn} | ({principal.entity_arn} if principal else set())
    entity = principal.entity_arn if principal else self._access_key.arn
    facts = _facts(self, entity)
    service, _, operation = self._action.partition(":")
    action = f"{SIGNED_AS.get(service, service)}:{operation}"
    action = SAME_PERMISSION.get(action, action)
    for one_action, one_resource in _wanted(self, action, resource):
        yield Asked(one_action, one_resource, frozenset(arns), self.account_id, facts)


def _wanted(self: IAMRequestBase, action: str, resource: str) -> Iterator[tuple[str, str]]:
    headers = _lower(self._headers)
    if action == "s3:DeleteObject" and "/" not in resource:
        for key in re.findall(rb"<Key>(.*?)</Key>", self._body or b"", re.DOTALL):
            yield action, f"{resource}/{html.unescape(key.decode())}"
    elif self._service == "secretsmanager":
        yield action, _secret_arn(self) or resource
    else:
        place = (self._service, self._region, self.account_id)
        yield action, resource_of(*place, self._body, self._data) or resource
    if self._service == "s3" and (point := access_points.used()):
        # Both doors must be open: that of the bucket, and that of the access point.
        yield action, access_points.behind(resource, point)
    if "x-amz-copy-source" in headers:
        source = unquote(headers["x-amz-copy-source"]).lstrip("/").partition("?")[0]
        yield "s3:GetObject", f"arn:aws:s3:::{source}"


def _facts(self: IAMRequestBase, entity: str) -> dict[str, str]:
    """Return the condition keys; loopback counts as TLS, as nobody else can listen there."""
    facts = {
        "aws:principalarn": entity,
        "aws:principalaccount": self.account_id,
        "aws:requestedregion": self._region,
        "aws:securetransport": "true",
        "s3:tlsversion": "1.3",
    }
    if point := access_points.used():
        facts |= access_points.facts(point)
    headers, query = _lower(self._headers), parse_qs(urlsplit(self._path).query)
    facts |= {f"s3:{name}": headers[name] for name in _HEADERS if name in headers}
    # Parts of an upload, and its beginning, make no object yet.
    makes_object = "partNumber" not in query and "uploads" not in urlsplit(self._path).query
    facts["s3:objectcreationoperation"] = str(makes_object).lower()
    if "prefix" in query:
        facts["s3:prefix"] = query["prefix"][0]
    if "ExternalId" in self._data:
        value: Any = self._data["ExternalId"]
        facts["sts:externalid"] = value[0] if isinstance(value, list) else value
    return facts


def _resource_policy(asked: Asked, region: str) -> Document | None:
    """Return the policy of what is asked for, where it has one that counts here."""
    service = asked.resource.split(":")[2] if asked.resource.count(":") >= 5 else ""
    point = access_points.used()
    if service == "s3" and point and asked.resource.startswith(point.arn):
        return json.loads(point.policy) if point.policy else None
    if service == "s3":
        bucket = s3_backends[asked.account][PARTITION].buckets.get(
            asked.resource.split(":")[5].partition("/")[0]
        )
        return json.loads(bucket.policy) if bucket and bucket.policy else None
    if service == "secretsmanager":
        secret = secretsmanager_backends[asked.account][region].secrets.get(asked.resource)
        text = getattr(secret, "policy", None)
        return json.loads(text) if text else None
    if service == "ecr":
        repositories = ecr_backends[asked.account][region].repositories
        repository = repositories.get(asked.resource.partition(":repository/")[2])
        return json.loads(repository.policy) if repository and repository.policy else None
    if asked.action == "sts:AssumeRole":
        return _trust(asked)
    return None


def _trust(asked: Asked) -> Document | None:
    from moto.iam.models import iam_backends

    try:
        role = iam_backends[asked.account][PARTITION].get_role_by_arn(asked.resource)
    except NotFoundException:
        return None
    document: Document = json.loads(role.assume_role_policy_document)
    return document


def _secret_arn(self: IAMRequestBase) -> str | None:
    body = json.loads(self._body or b"{}")
    backend = secretsmanager_backends[self.account_id][self._region]
    found = backend.secrets.get(str(body.get("SecretId", "")))
    return found.arn if found else None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
