"""Enables IAM enforcement from the first request, and corrects moto's implementation."""

import datetime
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import (
    SIGV4_TIMESTAMP,
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV4Auth,
    SigV4QueryAuth,
)
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto import settings
from moto.core.exceptions import InvalidClientTokenIdError
from moto.iam.access_control import IAMRequest, IAMRequestBase, S3IAMRequest
from moto.s3.exceptions import S3AccessDeniedError
from werkzeug.datastructures import Headers

from stackyard_sandbox.cloud.iam import access_points, authorization

_FORM = "application/x-www-form-urlencoded"
_SIGNATURE = "X-Amz-Signature"

_emulators_init = IAMRequestBase.__init__
_emulators_request = IAMRequestBase._create_aws_request
_emulators_check = IAMRequestBase.check_signature


def install() -> None:
    """Enable it; the emulator's default allows everything to everybody."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    authorization.install()
    access_points.install()
    IAMRequestBase.__init__ = _init  # type: ignore[method-assign]  # a repair
    IAMRequestBase.check_signature = _check  # type: ignore[method-assign]  # a repair
    IAMRequestBase._create_aws_request = _signed_request  # type: ignore[method-assign]  # a repair
    IAMRequest._create_auth = _auth  # type: ignore[method-assign]  # a repair


def _init(self: IAMRequestBase, *arguments: Any, **named: Any) -> None:
    """Parse a presigned URL like a signed request; the emulator fails on it and on unsigned ones.

    (The only unsigned request that is served, AssumeRoleWithWebIdentity, does not arrive here.)
    """
    headers = named["headers"]
    if "Authorization" not in headers:
        query = _query(named["path"])
        if _SIGNATURE not in query:
            is_s3 = isinstance(self, S3IAMRequest)
            raise S3AccessDeniedError() if is_s3 else InvalidClientTokenIdError()
        named["headers"] = _with_authorization(headers, query)
    _emulators_init(self, *arguments, **named)


def _with_authorization(headers: Mapping[str, str], query: Mapping[str, str]) -> Headers:
    known = Headers(list(headers.items()))
    parts = ", ".join(
        f"{name}={query.get(f'X-Amz-{name}', '')}"
        for name in ("Credential", "SignedHeaders", "Signature")
    )
    known["Authorization"] = f"{query.get('X-Amz-Algorithm', '')} {parts}"
    if token := query.get("X-Amz-Security-Token"):
        known["X-Amz-Security-Token"] = token
    return known


def _check(self: IAMRequestBase) -> None:
    query = _query(self._path)
    if _SIGNATURE not in query:
        _emulators_check(self)
        return
    signed = set(query.get("X-Amz-SignedHeaders", "").split(";"))
    headers = {name: value for name, value in self._headers.items() if name.lower() in signed}
    path = access_points.as_signed(self._path)
    bare = "&".join(
        pair for pair in urlsplit(path).query.split("&") if not pair.startswith(f"{_SIGNATURE}=")
    )
    request = AWSRequest(
        method=self._method, url=f"{path.partition('?')[0]}?{bare}", headers=headers
    )
    request.context["timestamp"] = query.get("X-Amz-Date", "")
    scheme = S3SigV4QueryAuth if self._service == "s3" else SigV4QueryAuth
    auth = scheme(self._access_key.create_credentials(), self._service, self._region)
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    if not hmac.compare_digest(auth.signature(to_sign, request), query[_SIGNATURE]):
        self._raise_signature_does_not_match()
    if _expired(query):
        self._raise_access_denied()


def _auth(self: IAMRequest, credentials: Credentials) -> SigV4Auth:
    """Sign as the client did: S3 Control is signed as S3, which does not encode paths twice."""
    scheme = S3SigV4Auth if self._service == "s3" else SigV4Auth
    return scheme(credentials, self._service, self._region)


def _signed_request(self: IAMRequestBase) -> AWSRequest:
    """Rebuild the signed request, to compare signatures.

    The emulator uses the query string as the body of a request without one, so that it refuses
    every GET and DELETE of the JSON services (EKS, EFS, Managed Prometheus, …).
    """
    request = _emulators_request(self)
    request.url = access_points.as_signed(request.url)
    if not self._body and _FORM not in self._headers.get("Content-Type", ""):
        request.data = b""
    return request


def _expired(query: Mapping[str, str]) -> bool:
    signed = datetime.datetime.strptime(query["X-Amz-Date"], SIGV4_TIMESTAMP)
    age = datetime.datetime.now(datetime.UTC) - signed.replace(tzinfo=datetime.UTC)
    return age.total_seconds() > int(query.get("X-Amz-Expires", "0"))


def _query(path: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
