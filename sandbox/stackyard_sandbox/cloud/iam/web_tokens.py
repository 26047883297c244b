"""Validates web identity tokens: issuer, audience, signature and time, as AWS does.

Sources: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html for
algorithms and errors, https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html
for the time, https://repost.aws/knowledge-center/iam-oidc-idp-federation for messages.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from moto.iam.models import OpenIDConnectProvider

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
CLOCK_SKEW = 300
"""Seconds for which AWS accepts a token after its expiry."""

_SCHEME = "https://"

Claims = Mapping[str, Any]


class RefusedError(Exception):
    """The token is refused, with an error of the API and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Identity:
    """The identity in a token, and the identity provider that the account trusts."""

    provider: str
    """ARN of the identity provider."""

    issuer: str
    subject: str
    audience: str
    """The provider's client id to which the token is issued: its `azp` if it has one."""

    facts: Mapping[str, str]
    """Condition keys, as `oidc.example/path:sub`. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html."""


def identify(
    token: str,
    providers: Iterable[OpenIDConnectProvider],
    keys_of: Callable[[str], Sequence[Mapping[str, Any]]],
) -> Identity:
    """Return the identity in a token, for one of the account's providers; raises RefusedError.

    `keys_of` returns the published keys of an issuer, and raises OSError if they cannot be read.
    """
    issuer = str(_unverified(token).get("iss"))
    provider = next((one for one in providers if f"{_SCHEME}{one.url}" == issuer), None)
    if provider is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}")
    claims = _verified(token, _published(issuer, keys_of))
    _check_time(claims)
    audiences = _listed(claims.get("aud"))
    meant = _listed(claims.get("azp")) or audiences
    audience = next((one for one in meant if one in provider.client_id_list), None)
    if audience is None:
        raise _invalid("Incorrect token audience")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise _invalid("Missing a required claim: sub")
    facts = {"aud": audience, "sub": subject}
    if len(audiences) == 1:
        facts["oaud"] = audiences[0]
    known = {f"{provider.url}:{claim}".lower(): value for claim, value in facts.items()}
    return Identity(provider.arn, issuer, subject, audience, known)


def _unverified(token: str) -> Claims:
    """Return the unverified claims of a token, to find the issuer whose key must have signed it."""
    try:
        claims = json.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError):
        claims = None
    if not isinstance(claims, dict):
        raise _invalid("The ID Token provided is not a valid JWT")
    return claims


def _published(issuer: str, keys_of: Callable[[str], Sequence[Mapping[str, Any]]]) -> KeySet:
    try:
        keys = keys_of(issuer)
    except OSError as error:
        raise RefusedError("IDPCommunicationError", f"{issuer} does not answer: {error}") from None
    result: Any = {"keys": [dict(key) for key in keys]}
    try:
        return KeySet.import_key_set(result)
    except (JoseError, ValueError):
        raise _invalid("Couldn't retrieve verification key from your identity provider") from None


def _verified(token: str, keys: KeySet) -> Claims:
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError) as error:
        raise _invalid(f"The token's signature cannot be verified: {error}") from None


def _check_time(claims: Claims) -> None:
    """Check the start and the end of a token's validity, in seconds since 1970."""
    now = int(time.time())
    begins, ends = _moment(claims, "iat"), _moment(claims, "exp")
    if "nbf" in claims:
        begins = max(begins, _moment(claims, "nbf"))
    if now > ends + CLOCK_SKEW:
        reason = f"current date/time {now} must be before the expiration date/time {ends}"
        raise RefusedError("ExpiredTokenException", f"Token expired: {reason}")
    if begins > now + CLOCK_SKEW:
        raise _invalid("The token is not valid yet")


def _moment(claims: Claims, name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int):
        raise _invalid(f"Missing a required claim, an integer: {name}")
    return value


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value or ()]


def _invalid(message: str) -> RefusedError:
    return RefusedError("InvalidIdentityToken", message)
