"""Names that are in use although the emulator would take them.

IAM compares names without regard to case ("Names are not distinguished by case",
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html, …/API_CreatePolicy.html,
…/API_CreateInstanceProfile.html). The name of a secret is in use until its recovery window ends:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from moto.iam.exceptions import EntityAlreadyExists
from moto.iam.models import IAMBackend
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

from stackyard_sandbox.cloud.strictness import checked

Call = Mapping[str, Any]


class Named(NamedTuple):
    """A call of IAM that makes something with a name."""

    method: str
    argument: str
    kind: str
    there: Callable[[IAMBackend], Iterable[Any]]


NAMED = (
    Named("create_role", "role_name", "Role", lambda iam: iam.roles.values()),
    Named("create_user", "user_name", "User", lambda iam: iam.users.values()),
    Named("create_policy", "policy_name", "Policy", lambda iam: _own_policies(iam)),
    Named(
        *("create_instance_profile", "name", "Instance Profile"),
        lambda iam: iam.instance_profiles.values(),
    ),
)


def install() -> None:
    """Refuse names in use."""
    for named in NAMED:
        checked.before(IAMBackend, named.method, partial(_check, named))
    checked.before(SecretsManagerBackend, "create_secret", _check_secret)


def _check(named: Named, iam: IAMBackend, call: Call) -> None:
    name = str(call[named.argument])
    if any(one.name.lower() == name.lower() for one in named.there(iam)):
        raise EntityAlreadyExists(f"{named.kind} with name {name} already exists.")


def _own_policies(iam: IAMBackend) -> Iterable[Any]:
    return [one for arn, one in [*iam.managed_policies.items()] if f":{iam.account_id}:" in arn]


def _check_secret(secrets: SecretsManagerBackend, call: Call) -> None:
    name = call["name"]
    if name in secrets.secrets and secrets.secrets[name].is_deleted():
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled "
            "for deletion."
        )
