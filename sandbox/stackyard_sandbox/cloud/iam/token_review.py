"""Answers the API servers' TokenReview requests, as the EKS authenticator does.

The webhook's protocol: kubernetes.io/docs/reference/access-authn-authz/authentication, "Webhook
token authentication".
"""

import base64
import datetime
import hmac
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from botocore.auth import SIGV4_TIMESTAMP, SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from stackyard_sandbox.cloud.eks_cluster import EksCluster
from stackyard_sandbox.cloud.iam.principals import Principal, principal_of
from stackyard_sandbox.cloud.rbac import group_of
from stackyard_sandbox.eks_token import CLUSTER_HEADER, LIFETIME, PREFIX
from stackyard_sandbox.state import ACCOUNT

_CLOCK_SKEW = 60
_PARAMETERS = frozenset(
    {
        "Action",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    }
)

User = dict[str, Any]
"""`status.user` of a TokenReview."""


class RefusedError(Exception):
    """The token does not authenticate; the message is the reason."""


def review(question: dict[str, Any], cluster: EksCluster) -> dict[str, Any]:
    """Answer a TokenReview for a cluster."""
    try:
        principal = authenticate(str(question["spec"]["token"]), cluster.name)
        user = user_of(cluster, principal)
        if user is None:
            raise RefusedError(f"{principal.entity_arn} has no access entry in {cluster.name}")
        status = {"authenticated": True, "user": user}
    except RefusedError as refused:
        status = {"authenticated": False, "error": str(refused)}
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}


def user_of(cluster: EksCluster, principal: Principal) -> User | None:
    """Return the Kubernetes user of a principal in a cluster, by its access entry."""
    entry = cluster.access_entries.get(principal.entity_arn)
    identity = principal.user_id.partition(":")[0]
    # An entry for a principal that was deleted and made again does not work.
    if entry is None or entry.get("principalId", identity) != identity:
        return None
    groups = [*entry["kubernetesGroups"]]
    if cluster.access_policies[principal.entity_arn]:
        groups.append(group_of(principal.entity_arn))
    facts = {
        "accessKeyId": principal.credentials.access_key,
        "arn": principal.arn,
        "canonicalArn": principal.entity_arn,
        "principalId": identity,
        "sessionName": principal.session,
    }
    return {
        "username": entry["username"].replace("{{SessionName}}", principal.session),
        "uid": f"aws-iam-authenticator:{principal.account}:{facts['principalId']}",
        "groups": groups,
        "extra": {key: [value] for key, value in facts.items()},
    }


def authenticate(token: str, cluster: str) -> Principal:
    """Return the signer of a token for the cluster; raises RefusedError."""
    url = _url(token)
    given = {key: values[0] for key, values in parse_qs(url.query).items()}
    if unknown := given.keys() - _PARAMETERS:
        raise RefusedError(f"unexpected parameters: {', '.join(sorted(unknown))}")
    if given.get("Action") != "GetCallerIdentity":
        raise RefusedError("not a GetCallerIdentity request")
    if set(given.get("X-Amz-SignedHeaders", "").split(";")) != {"host", CLUSTER_HEADER}:
        raise RefusedError(f"the signed headers must be host and {CLUSTER_HEADER}")
    _check_time(given.get("X-Amz-Date", ""))
    scope = given.get("X-Amz-Credential", "").split("/")
    if len(scope) != 5 or scope[3] != "sts":
        raise RefusedError("not signed for STS")
    principal = principal_of(ACCOUNT, scope[0])
    if principal is None:
        raise RefusedError("unknown or expired access key")
    if given.get("X-Amz-Security-Token") != principal.credentials.token:
        raise RefusedError("wrong session token")
    expected = _signature(url, given, principal, cluster, region=scope[2])
    if not hmac.compare_digest(expected, given.get("X-Amz-Signature", "")):
        raise RefusedError(f"wrong signature, or a token for another cluster than {cluster}")
    return principal


def _url(token: str) -> SplitResult:
    """Return the presigned request; it is not sent, because the signature is checked here."""
    if not token.startswith(PREFIX):
        raise RefusedError("not an EKS token")
    encoded = token.removeprefix(PREFIX)
    try:
        decoded = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        return urlsplit(decoded)
    except ValueError:
        raise RefusedError("not a URL in base64") from None


def _check_time(stamp: str) -> None:
    try:
        signed = datetime.datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=datetime.UTC)
    except ValueError:
        raise RefusedError("no valid X-Amz-Date") from None
    age = (datetime.datetime.now(datetime.UTC) - signed).total_seconds()
    if not -_CLOCK_SKEW <= age <= LIFETIME:
        raise RefusedError(f"signed {age:.0f} s ago; a token lives {LIFETIME} s")


def _signature(
    url: SplitResult, given: dict[str, str], principal: Principal, cluster: str, region: str
) -> str:
    pairs = url.query.split("&")
    query = "&".join(pair for pair in pairs if not pair.startswith("X-Amz-Signature="))
    request = AWSRequest(
        method="GET", url=url._replace(query=query).geturl(), headers={CLUSTER_HEADER: cluster}
    )
    request.context["timestamp"] = given["X-Amz-Date"]
    auth = SigV4QueryAuth(principal.credentials, "sts", region)
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    return str(auth.signature(to_sign, request))
