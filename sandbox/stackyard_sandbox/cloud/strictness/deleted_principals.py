"""A role or user that is deleted and made again is another one: policies that name it are void.

IAM keeps the unique id of a principal in a policy, and shows the id once the principal is deleted:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids.
An access entry of EKS does not work either for a principal that was made again:
https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.ecr.models import ecr_backends
from moto.efs.models import efs_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.s3control.models import s3control_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from stackyard_sandbox.cloud.iam.principals import PARTITION
from stackyard_sandbox.cloud.strictness import checked

Holder = tuple[Any, str]
"""An object of the emulator, and its attribute with a policy."""

Delete = Callable[[IAMBackend, str], None]


def install() -> None:
    """Void what names a role or a user, once it is deleted."""
    roles = _voiding(IAMBackend.delete_role, lambda iam, name: iam.get_role(name))
    users = _voiding(IAMBackend.delete_user, lambda iam, name: iam.get_user(name))
    checked.put_in_place(IAMBackend, "delete_role", roles)
    checked.put_in_place(IAMBackend, "delete_user", users)


def _voiding(delete: Delete, get: Callable[[IAMBackend, str], Any]) -> Delete:
    def deleting(self: IAMBackend, name: str) -> None:
        gone = get(self, name)
        delete(self, name)
        for holder, attribute in _holders(self.account_id):
            _replace(holder, attribute, gone.arn, gone.id)

    return deleting


def _replace(holder: Any, attribute: str, arn: str, identity: str) -> None:
    policy = getattr(holder, attribute, None)
    text = policy.decode() if isinstance(policy, bytes) else policy
    if not text or f'"{arn}"' not in text:
        return
    document = json.loads(text)
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if isinstance(principal, dict) and "AWS" in principal:
                named = principal["AWS"]
                kept = [named] if isinstance(named, str) else named
                principal["AWS"] = [identity if one == arn else one for one in kept]
    changed = json.dumps(document)
    setattr(holder, attribute, changed.encode() if isinstance(policy, bytes) else changed)


def _holders(account: str) -> Iterator[Holder]:
    """Yield each resource of the account that has a policy, in all regions."""
    for role in [*iam_backends[account][PARTITION].roles.values()]:
        yield role, "assume_role_policy_document"
    for bucket in [*s3_backends[account][PARTITION].buckets.values()]:
        yield bucket, "policy"
    for points in [*s3control_backends[account][PARTITION].access_points.values()]:
        yield from ((point, "policy") for point in [*points.values()])
    for kms in [*kms_backends[account].values()]:
        yield from ((key, "policy") for key in [*kms.keys.values()])
    for secrets in [*secretsmanager_backends[account].values()]:
        yield from ((secret, "policy") for secret in [*secrets.secrets.values()])
    for sns in [*sns_backends[account].values()]:
        yield from ((topic, "policy") for topic in [*sns.topics.values()])
    for sqs in [*sqs_backends[account].values()]:
        yield from ((queue, "policy") for queue in [*sqs.queues.values()])
    for ecr in [*ecr_backends[account].values()]:
        yield from ((repository, "policy") for repository in [*ecr.repositories.values()])
    for efs in [*efs_backends[account].values()]:
        yield from ((system, "file_system_policy") for system in [*efs.file_systems_by_id.values()])
