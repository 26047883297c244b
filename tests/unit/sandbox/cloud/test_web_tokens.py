"""Which web identity tokens the sandbox's STS takes: each way in which one can be wrong."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from moto.iam.models import OpenIDConnectProvider

from stackyard_sandbox.cloud.iam.web_tokens import RefusedError, identify

ISSUER = "https://oidc.example/id/Berlin"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
CURVE = ECKey.generate_key("P-256", {"kid": "two"})
STRANGER = RSAKey.generate_key(2048, {"kid": "one"})
PUBLISHED = {ISSUER: [KEY.as_dict(private=False), CURVE.as_dict(private=False)]}
PROVIDER = OpenIDConnectProvider("123456789012", "us-east-1", ISSUER, [], ["sts", "other"], {})


def token(key: Any = KEY, algorithm: Any = "RS256", kid: Any = "one", **claims: Any) -> Any:
    now = int(time.time())
    usual = {"iss": ISSUER, "sub": "me", "aud": "sts", "iat": now, "exp": now + 600}
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": kid}, said, key, algorithms=[algorithm])


def identified(text: Any, keys_of: Any = lambda issuer: PUBLISHED.get(issuer, [])) -> Any:
    return identify(text, [PROVIDER], keys_of)


def refused(text: Any, **more: Any) -> Any:
    with pytest.raises(RefusedError) as caught:
        identified(text, **more)
    return caught.value.code, caught.value.message


def test_a_good_token_is_an_identity_with_the_keys_that_conditions_name() -> None:
    found = identified(token())
    assert found.provider == "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/Berlin"
    assert (found.issuer, found.subject, found.audience) == (ISSUER, "me", "sts")
    host = "oidc.example/id/berlin"
    assert found.facts == {f"{host}:sub": "me", f"{host}:aud": "sts", f"{host}:oaud": "sts"}


def test_of_several_audiences_one_must_be_the_providers_and_azp_goes_before() -> None:
    assert identified(token(aud=["nobody", "other"])).audience == "other"
    hybrid = identified(token(aud="nobody", azp="other"))
    assert hybrid.facts["oidc.example/id/berlin:aud"] == "other"
    assert hybrid.facts["oidc.example/id/berlin:oaud"] == "nobody"
    assert refused(token(aud="sts", azp="nobody"))[1] == "Incorrect token audience"


def test_curves_are_taken_too() -> None:
    assert identified(token(CURVE, "ES256", "two")).subject == "me"


def altered(text: Any) -> Any:
    """The same signature over another subject."""
    head, body, signature = text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    said = json.dumps({**claims, "sub": "admin"}).encode()
    return ".".join((head, base64.urlsafe_b64encode(said).decode().rstrip("="), signature))


def unsigned() -> Any:
    _, body, _ = token().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{none}.{body}."


PEM = KEY.as_pem(private=False)
# Made when a test runs: a test that runs later than a token lives would see no more than its end.
INVALID: dict[str, tuple[Callable[[], str], str]] = {
    "no token": (lambda: "hello", "not a valid JWT"),
    "no claims": (lambda: "e30.W10.x", "not a valid JWT"),
    "another issuer": (
        lambda: token(iss="https://oidc.example"),
        "No OpenIDConnect provider found",
    ),
    "plain http": (
        lambda: token(iss=ISSUER.replace("https", "http")),
        "No OpenIDConnect provider",
    ),
    "another audience": (lambda: token(aud=["x", "y"]), "Incorrect token audience"),
    "no audience": (lambda: token(aud=None), "Incorrect token audience"),
    "another key": (lambda: token(STRANGER), "signature cannot be verified"),
    "unknown key": (lambda: token(kid="three"), "signature cannot be verified"),
    "altered": (lambda: altered(token()), "signature cannot be verified"),
    "unsigned": (unsigned, "signature cannot be verified"),
    "public key as secret": (
        lambda: token(OctKey.import_key(base64.b64encode(PEM)), "HS256"),
        "signature cannot be verified",
    ),
    "no subject": (lambda: token(sub=None), "Missing a required claim: sub"),
    "no end": (lambda: token(exp=None), "Missing a required claim, an integer: exp"),
    "no beginning": (lambda: token(iat=None), "Missing a required claim, an integer: iat"),
    "text for time": (
        lambda: token(exp="tomorrow"),
        "Missing a required claim, an integer: exp",
    ),
    "not yet": (lambda: token(nbf=int(time.time()) + 3000), "not valid yet"),
}


@pytest.mark.parametrize("case", INVALID)
def test_what_is_wrong_is_refused(case: Any) -> None:
    made, message = INVALID[case]
    code, told = refused(made())
    assert code == "InvalidIdentityToken"
    assert message in told


def test_a_token_is_taken_for_five_minutes_after_its_time() -> None:
    now = int(time.time())
    assert identified(token(exp=now - 240)).subject == "me"
    assert refused(token(exp=now - 360))[0] == "ExpiredTokenException"


def test_keys_that_cannot_be_had_are_told_apart() -> None:
    def silent(_: Any) -> None:
        raise OSError("connection refused")

    assert refused(token(), keys_of=silent)[0] == "IDPCommunicationError"
    for published in ([], [{"kty": "RSA"}], [{"kty": "unheard-of"}]):
        code, told = refused(token(), keys_of=lambda _, keys=published: keys)
        assert (code, "verification key" in told) == ("InvalidIdentityToken", True)
