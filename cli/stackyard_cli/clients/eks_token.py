"""Creates bearer tokens for EKS clusters, as `aws eks get-token` does.

The sandbox has the same function (`stackyard_sandbox.eks_token`) for its own clients. The CLI has a
separate one, because it connects to real clusters when the `sandbox` extra is not installed, and
the sandbox may not import the CLI.
"""

from __future__ import annotations

import base64
from typing import Any

EXPIRES = 60
"""Validity of the presigned request in seconds; EKS accepts the token for 15 minutes all the
same."""


def eks_token(cluster: str, credentials: Any, region: str, endpoint: str | None = None) -> str:
    """Return a token for one cluster: a presigned GetCallerIdentity request in base64url.

    `credentials` are botocore's; `endpoint` is the address of STS, by default that of AWS in the
    region. Makes no request. Source: https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(
        method="GET",
        url=f"{endpoint or f'https://sts.{region}.amazonaws.com'}/",
        params={"Action": "GetCallerIdentity", "Version": "2011-06-15"},
        # The cluster's name is signed, so that no other cluster accepts the token.
        headers={"x-k8s-aws-id": cluster},
    )
    SigV4QueryAuth(credentials, "sts", region, expires=EXPIRES).add_auth(request)
    prepared: Any = request.prepare()
    return "k8s-aws-v1." + base64.urlsafe_b64encode(prepared.url.encode()).decode().rstrip("=")
