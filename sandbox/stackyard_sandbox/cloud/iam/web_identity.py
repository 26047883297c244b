"""Implements STS AssumeRoleWithWebIdentity: exchanges a token of another issuer for credentials.

The request has no signature: the token authenticates it (`web_tokens.py`), and the role's trust
policy decides which identities of the issuer may assume it. The session is authorized like any
other. API: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html.
"""

import json
import re
from typing import Any

from moto.core.exceptions import _RESTError
from moto.core.responses import ActionResult
from moto.iam.models import Role, iam_backends
from moto.sts.exceptions import STSClientError, STSValidationError
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from stackyard_sandbox.cloud.iam.condition_keys import role_of
from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, denied, granted
from stackyard_sandbox.cloud.iam.principals import PARTITION
from stackyard_sandbox.cloud.iam.token_issuers import Issuers
from stackyard_sandbox.cloud.iam.web_tokens import Identity, RefusedError, identify
from stackyard_sandbox.state import ACCOUNT

OPERATION = "AssumeRoleWithWebIdentity"
_ACTION = f"sts:{OPERATION}"
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_SHORTEST = 900
_USUAL = 3600

_emulators_check = TokenResponse._authenticate_and_authorize_normal_action


class _AccessDeniedError(_RESTError):
    """One message for all reasons, so that it does not reveal existing roles."""

    code = 403

    def __init__(self) -> None:
        super().__init__("AccessDenied", f"Not authorized to perform {_ACTION}")


def install(issuers: Issuers) -> None:
    """Serve the operation; the emulator's accepts any text as a token."""

    def assume(self: TokenResponse) -> ActionResult:
        return _assume(self, issuers)

    emulators: Any = TokenResponse
    emulators.assume_role_with_web_identity = assume
    emulators._authenticate_and_authorize_normal_action = _unless_unsigned


def _unless_unsigned(self: TokenResponse, resource: str) -> None:
    """Require no signature for an operation without one."""
    if self._get_action() != OPERATION:
        _emulators_check(self, resource)


def _assume(request: TokenResponse, issuers: Issuers) -> ActionResult:
    arn, name, token = (
        request._get_param(key) or "" for key in ("RoleArn", "RoleSessionName", "WebIdentityToken")
    )
    seconds = request._get_int_param("DurationSeconds", _USUAL)
    _check(arn, name, token)
    if seconds < _SHORTEST:
        raise STSValidationError(f"Value '{seconds}' at 'durationSeconds' must be >= {_SHORTEST}")
    providers = [*iam_backends[ACCOUNT][PARTITION].open_id_providers.values()]
    try:
        identity = identify(token, providers, issuers.keys)
    except RefusedError as refused:
        raise STSClientError(refused.code, refused.message) from None
    role = role_of(arn, ACCOUNT)
    if role is None or not _trusted(role, identity, name, request.region):
        raise _AccessDeniedError()
    if seconds > int(role.max_session_duration or _USUAL):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise STSValidationError(message)
    session = sts_backends[ACCOUNT][PARTITION].assume_role(
        region_name=request.region,
        role_session_name=name,
        role_arn=role.arn,
        policy=request._get_param("Policy"),
        duration=seconds,
        external_id="",
    )
    return ActionResult(
        {
            "Credentials": session,
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
            "SubjectFromWebIdentityToken": identity.subject,
            "Provider": identity.issuer,
            "Audience": identity.audience,
        }
    )


def _check(arn: str, name: str, token: str) -> None:
    if not arn or not 4 <= len(token) <= 20_000:
        raise STSValidationError("RoleArn and WebIdentityToken (4 to 20000 letters) are required")
    if not _SESSION_NAME.fullmatch(name):
        wanted = f"2 to 64 letters of {_SESSION_NAME.pattern}"
        raise STSValidationError(f"Value '{name}' at 'roleSessionName' must be {wanted}")


def _trusted(role: Role, identity: Identity, name: str, region: str) -> bool:
    """Return whether the trust policy names the provider, and its conditions match the token."""
    document = json.loads(role.assume_role_policy_document)
    facts = {
        **identity.facts,
        "aws:requestedregion": region,
        "aws:securetransport": "true",
        "sts:rolesessionname": name,
    }
    asked = Asked(_ACTION, role.arn, frozenset({identity.provider}), ACCOUNT, facts)
    return not denied(asked, [document]) and "named" in granted(asked, document)
