"""Creates bearer tokens for EKS clusters, as `aws eks get-token` does.

A token is a presigned STS GetCallerIdentity request in base64url. The cluster's name is in a signed
header, so a token is valid for one cluster only. Format and lifetime:
docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html and the source of aws-iam-authenticator.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.credentials import Credentials

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"

LIFETIME = 15 * 60
"""Seconds after signing in which EKS accepts a token, whatever expiry it contains."""

_EXPIRY = 60
"""Expiry in seconds that `aws eks get-token` sets in the presigned request."""


def token(
    cluster: str,
    credentials: Credentials | Mapping[str, str],
    region: str,
    endpoint: str | None = None,
) -> str:
    """Return a bearer token that authenticates `credentials` to `cluster`.

    The credentials are botocore's, or keyword arguments of boto3 (`aws_access_key_id` and so on).
    `endpoint` is the STS address, by default that of AWS in the region. Makes no request.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    if isinstance(credentials, Mapping):
        keys = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        credentials = Credentials(*map(credentials.get, keys))
    request = AWSRequest(
        method="GET",
        url=f"{endpoint or f'https://sts.{region}.amazonaws.com'}/",
        params={"Action": "GetCallerIdentity", "Version": "2011-06-15"},
        headers={CLUSTER_HEADER: cluster},
    )
    SigV4QueryAuth(credentials, "sts", region, expires=_EXPIRY).add_auth(request)
    prepared: Any = request.prepare()
    return PREFIX + base64.urlsafe_b64encode(prepared.url.encode()).decode().rstrip("=")
