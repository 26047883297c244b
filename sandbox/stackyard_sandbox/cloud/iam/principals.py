"""Resolves an access key to its principal, with the names in IAM, EKS and SigV4."""

from dataclasses import dataclass
from datetime import datetime

from botocore.credentials import Credentials
from moto.core.utils import utcnow
from moto.iam.models import Role, User, iam_backends
from moto.sts.models import sts_backends

from stackyard_sandbox import settling

PARTITION = "aws"


@dataclass(frozen=True)
class Principal:
    """A user, or a session of a role."""

    arn: str
    """ARN as GetCallerIdentity returns it: of the user, or of the session."""
    entity_arn: str
    """ARN of the user or the role, as in access entries."""
    user_id: str
    account: str
    credentials: Credentials
    session: str = ""
    """Name of the session; empty for a user."""


def principal_of(account: str, access_key_id: str) -> Principal | None:
    """Return the owner of an access key; None for unknown or expired keys."""
    for role in sts_backends[account][PARTITION].assumed_roles:
        if role.access_key_id == access_key_id:
            if role.expiration < utcnow():
                return None
            return Principal(
                arn=role.arn,
                entity_arn=role.role_arn,
                user_id=role.user_id,
                account=role.account_id,
                credentials=Credentials(
                    role.access_key_id, role.secret_access_key, role.session_token
                ),
                session=role.session_name,
            )
    return _user(account, access_key_id)


def exists(account: str, arn: str) -> bool:
    """Return whether services see a user or role with this ARN or unique id: see `settling`."""
    iam = iam_backends[account][PARTITION]
    entities: list[User | Role] = [*iam.users.values(), *iam.roles.values()]
    return any(arn in (one.arn, one.id) and settled(one.create_date) for one in entities)


def settled(made: datetime) -> bool:
    """Return whether other services see by now what was made in IAM at that time."""
    return (utcnow() - made).total_seconds() >= settling.seconds()


def unique_id(account: str, arn: str) -> str | None:
    """Return the id of a user or role, which one that is made again does not have."""
    iam = iam_backends[account][PARTITION]
    entities: list[User | Role] = [*iam.users.values(), *iam.roles.values()]
    return next((one.id for one in entities if one.arn == arn), None)


def _user(account: str, access_key_id: str) -> Principal | None:
    for user in [*iam_backends[account][PARTITION].users.values()]:
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status == "Active":
                return Principal(
                    arn=user.arn,
                    entity_arn=user.arn,
                    user_id=user.id,
                    account=account,
                    credentials=Credentials(key.access_key_id, key.secret_access_key),
                )
    return None
