"""Determines a request's IAM actions and resources, and allows or denies it; replaces moto's check.

Beside the caller's policies and boundary it evaluates the policies of buckets, access points,
secrets, keys, image repositories and roles. It does not evaluate session policies.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn
from urllib.parse import unquote

from moto.ecr.models import ecr_backends
from moto.iam.access_control import (
    AssumedRoleAccessKey,
    IAMPolicy,
    IAMRequestBase,
    PermissionResult,
)
from moto.kms.models import kms_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from werkzeug.exceptions import HTTPException

from stackyard_sandbox.cloud.iam import access_points
from stackyard_sandbox.cloud.iam.caller_rights import Made, besides
from stackyard_sandbox.cloud.iam.condition_keys import facts, facts_about, role_of
from stackyard_sandbox.cloud.iam.instance_requests import Question, questions
from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, Document, allowed, denied, granted
from stackyard_sandbox.cloud.iam.principals import PARTITION, principal_of
from stackyard_sandbox.cloud.iam.request_resources import fields_of, resource_of, role_arn

SAME_PERMISSION = {
    "budgets:CreateBudget": "budgets:ModifyBudget",
    "budgets:DeleteBudget": "budgets:ModifyBudget",
    "budgets:DescribeBudget": "budgets:ViewBudget",
    "budgets:DescribeBudgets": "budgets:ViewBudget",
    "budgets:DescribeNotificationsForBudget": "budgets:ViewBudget",
    "budgets:UpdateBudget": "budgets:ModifyBudget",
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
}
"""Operations whose IAM action has another name."""

_BY_THE_RESOURCE = ("kms:", "sts:AssumeRole")
"""Actions that the policy of the resource must allow; it may leave them to those of the account.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html: "no principal [...] has any
permissions to a KMS key unless they are explicitly allowed, and never denied, in a key policy"."""

SIGNED_AS = {"monitoring": "cloudwatch"}
"""Services whose name in signatures differs from the one in policies."""


def install() -> None:
    """Authorize every signed request here, instead of in the emulator."""
    IAMRequestBase.check_action_permitted = _decide  # type: ignore[method-assign]  # the repair
    # The emulator's second check of bucket policies ignores conditions and the caller.
    FakeBucket.get_permission = _no_opinion  # type: ignore[assignment, method-assign]  # the repair


def _no_opinion(_self: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.NEUTRAL


def _decide(self: IAMRequestBase, resource: str) -> None:
    """Return if all actions of the request are allowed; otherwise raise its AccessDenied."""
    if self._action == "sts:GetCallerIdentity":
        return
    own = [IAMPolicy(each)._policy_json for each in self._access_key.collect_policies()]
    boundary = _boundary(self)
    for asked in _questions(self, resource):
        policy = _resource_policy(asked, self._region)
        documents = [*own, *([policy] if policy else []), *(boundary or [])]
        by_resource = granted(asked, policy) if policy else set()
        permitted = allowed(asked, own)
        if policy is not None and asked.action.startswith(_BY_THE_RESOURCE):
            permitted = "named" in by_resource or (permitted and "account" in by_resource)
        permitted = permitted or "named" in by_resource
        if boundary is not None:
            permitted = permitted and allowed(asked, boundary)
        if denied(asked, documents) or not permitted:
            _refuse(self, asked)


def _refuse(self: IAMRequestBase, asked: Asked) -> NoReturn:
    """Raise what the service raises: EC2 has a code of its own.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    if self._service == "ec2":
        raise UnauthorizedError(
            "You are not authorized to perform this operation. "
            f"User: {self._access_key.arn} is not authorized to perform: {asked.action} "
            f"on resource: {asked.resource}",
        )
    self._raise_access_denied()
    raise AssertionError("the emulator has let it pass")


class UnauthorizedError(HTTPException):
    """A refused request of EC2, in the form in which that service writes errors."""

    code = 403

    def __init__(self, message: str) -> None:
        super().__init__(
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code>"
            f"<Message>{html.escape(message)}</Message></Error></Errors>"
            "<RequestID></RequestID></Response>"
        )


def _boundary(self: IAMRequestBase) -> list[Document] | None:
    """Return the boundary of the caller's role; a missing policy allows nothing.

    The boundary also limits a resource policy that allows the role, as AWS does if that policy
    names the role:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html. The emulator
    stores no boundaries of users.
    """
    if not isinstance(self._access_key, AssumedRoleAccessKey):
        return None
    role = self.backend.get_role(self._access_key._owner_role_name)
    if not role.permissions_boundary_arn:
        return None
    policy = self.backend.managed_policies.get(role.permissions_boundary_arn)
    return [IAMPolicy(policy)._policy_json] if policy else []


def _questions(self: IAMRequestBase, resource: str) -> Iterator[Asked]:
    """Yield all actions and resources of a request; most requests have one."""
    principal = principal_of(self.account_id, self._access_key._access_key_id)
    arns = {self._access_key.arn} | ({principal.entity_arn} if principal else set())
    entity = principal.entity_arn if principal else self._access_key.arn
    known = facts(self, entity)
    service, _, operation = self._action.partition(":")
    action = f"{SIGNED_AS.get(service, service)}:{operation}"
    action = SAME_PERMISSION.get(action, action)
    for one_action, one_resource, own in _wanted(self, action, resource):
        # What a request gives a role is asked about before what the role has.
        about = facts_about(one_resource, self.account_id, self._region) | known | own
        yield Asked(one_action, one_resource, frozenset(arns), self.account_id, about)
        fields = fields_of(self._body, self._data)
        body, region = self._body or b"", self._region
        key = _secret_key(one_resource, self.account_id, region)
        place = (region, self.account_id, key, _lower(self._headers))
        made = Made(one_action, one_resource, fields, body, *place)
        for more in besides(made):
            about = facts_about(more.resource, self.account_id, region) | known | dict(more.facts)
            yield Asked(more.action, more.resource, frozenset(arns), self.account_id, about)


def _wanted(self: IAMRequestBase, action: str, resource: str) -> Iterator[Question]:
    """Yield the pairs of action and resource, each with the facts that hold for it alone."""
    place = (self._region, self.account_id)
    if self._service == "ec2":
        fields = fields_of(self._body, self._data)
        result = questions(action.partition(":")[2], fields, *place)
        yield from [(action, resource, {})] if result is None else result
        return
    for one_action, one_resource in _named(self, action, resource):
        yield one_action, one_resource, {}
    if action == "iam:AddRoleToInstanceProfile":
        role = fields_of(self._body, self._data).get("RoleName", "*")
        facts = {"iam:passedtoservice": "ec2.amazonaws.com"}
        yield "iam:PassRole", role_arn(str(role), self.account_id), facts


def _named(self: IAMRequestBase, action: str, resource: str) -> Iterator[tuple[str, str]]:
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
        # Both policies must allow it: the bucket's and the access point's.
        yield action, access_points.behind(resource, point)
    if "x-amz-copy-source" in headers:
        source = unquote(headers["x-amz-copy-source"]).lstrip("/").partition("?")[0]
        yield "s3:GetObject", f"arn:aws:s3:::{source}"


def _resource_policy(asked: Asked, region: str) -> Document | None:
    """Return the policy of the requested resource, if it has one that is enforced here."""
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
    if service == "kms":
        key = kms_backends[asked.account][region].keys.get(asked.resource.partition(":key/")[2])
        return json.loads(key.policy) if key else None
    if asked.action == "sts:AssumeRole":
        return _trust(asked)
    return None


def _trust(asked: Asked) -> Document | None:
    role = role_of(asked.resource, asked.account)
    return json.loads(role.assume_role_policy_document) if role else None


def _secret_arn(self: IAMRequestBase) -> str | None:
    body = json.loads(self._body or b"{}")
    backend = secretsmanager_backends[self.account_id][self._region]
    result = backend.secrets.get(str(body.get("SecretId", "")))
    return result.arn if result else None


def _secret_key(arn: str, account: str, region: str) -> str | None:
    found = secretsmanager_backends[account][region].secrets.get(arn)
    return getattr(found, "kms_key_id", None)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
