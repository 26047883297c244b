"""Issues credentials of service roles: functions, state machines, rules, schedules.

As on AWS, the role's trust policy decides: a service that it does not name gets no credentials.
"""

import json

from botocore.credentials import Credentials
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, denied, granted
from stackyard_sandbox.cloud.iam.principals import PARTITION
from stackyard_sandbox.state import ACCOUNT, REGION

SESSION_SECONDS = 3600


class UntrustedError(Exception):
    """A role does not exist, or does not trust the service."""


def credentials(role_arn: str, service: str, session: str, source_arn: str = "") -> Credentials:
    """Return a service's credentials for a role; raises UntrustedError.

    `source_arn` is the resource for which the service acts, such as a state machine.
    """
    try:
        role = iam_backends[ACCOUNT][PARTITION].get_role_by_arn(role_arn)
    except NotFoundException:
        raise UntrustedError(f"no role {role_arn}") from None
    facts = {"aws:sourceaccount": ACCOUNT}
    if source_arn:
        facts["aws:sourcearn"] = source_arn
    document = json.loads(role.assume_role_policy_document)
    asked = Asked("sts:AssumeRole", role_arn, frozenset({service}), ACCOUNT, facts)
    if denied(asked, [document]) or "named" not in granted(asked, document):
        raise UntrustedError(f"{role_arn} does not trust {service}")
    made = sts_backends[ACCOUNT][PARTITION].assume_role(
        region_name=REGION,
        role_session_name=session[:64],
        role_arn=role_arn,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    return Credentials(made.access_key_id, made.secret_access_key, made.session_token)
