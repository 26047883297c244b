"""Implements EKS Auth: exchanges a pod's service account token for its role's credentials.

The token authenticates the request: the cluster's own API server returns its service account. The
association decides the role of that service account, and the role's trust policy decides whether
EKS may assume it for this pod. API:
https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumeRoleForPodIdentity.html.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from werkzeug.wrappers import Request, Response

from stackyard_sandbox.cloud.eks_cluster import EksCluster
from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, granted
from stackyard_sandbox.cloud.iam.principals import PARTITION, settled
from stackyard_sandbox.state import ACCOUNT

PATH = re.compile(r"^/clusters/([^/]+)/assume-role-for-pod-identity$")
AGENT = "/_sandbox/pod-identity"
AGENT_PATH = re.compile(rf"^{AGENT}/([^/]+)$")
"""Where pods of a cluster ask for credentials; on AWS an agent on each node answers them."""

AUDIENCE = "pods.eks.amazonaws.com"
SESSION_SECONDS = 6 * 3600
"""Session duration, https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html."""


class RefusedError(Exception):
    """There are no credentials, with an error of the API and a message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def answer(fleet: Fleet, name: str, request: Request) -> Response:
    """Answer one request of the API."""
    try:
        result = _assume(fleet, name, str(request.get_json()["token"]))
    except RefusedError as refused:
        body = json.dumps({"message": str(refused)})
        headers = {"x-amzn-ErrorType": refused.kind}
        return Response(body, 400, headers=headers, mimetype="application/json")
    return Response(json.dumps(result), mimetype="application/json")


def hand_out(fleet: Fleet, name: str, request: Request) -> Response:
    """Answer a pod as the agent does: in the form in which containers get credentials.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    """
    try:
        result = _assume(fleet, name, request.headers.get("Authorization", ""))
    except RefusedError as refused:
        body = json.dumps({"code": refused.kind, "message": str(refused)})
        return Response(body, 400, mimetype="application/json")
    keys = result["credentials"]
    expires = datetime.fromtimestamp(keys["expiration"], UTC)
    answer = {
        "AccessKeyId": keys["accessKeyId"],
        "SecretAccessKey": keys["secretAccessKey"],
        "Token": keys["sessionToken"],
        "AccountId": ACCOUNT,
        "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
    }
    return Response(json.dumps(answer), mimetype="application/json")


def _assume(fleet: Fleet, name: str, token: str) -> dict[str, Any]:
    cluster = next((each for each in fleet.clusters() if each.name == name), None)
    if cluster is None:
        raise RefusedError("ResourceNotFoundException", f"no cluster {name}")
    namespace, account, pod = _subject(fleet, cluster, token)
    association = _association(cluster, namespace, account)
    arn = association["roleArn"]
    tags = {
        "eks-cluster-arn": str(cluster.arn),
        "eks-cluster-name": name,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": account,
    }
    if not _trusted(arn, tags):
        raise RefusedError("AccessDeniedException", f"{arn} does not trust EKS for this pod")
    role = sts_backends[ACCOUNT][PARTITION].assume_role(
        region_name=str(cluster.arn).split(":")[3],
        role_session_name=f"eks-{name}-{pod}"[:64],
        role_arn=arn,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    return {
        "subject": {"namespace": namespace, "serviceAccount": account},
        "audience": AUDIENCE,
        "podIdentityAssociation": {
            "associationArn": association["associationArn"],
            "associationId": association["associationId"],
        },
        "assumedRoleUser": {"arn": role.arn, "assumeRoleId": role.user_id},
        "credentials": {
            "accessKeyId": role.access_key_id,
            "secretAccessKey": role.secret_access_key,
            "sessionToken": role.session_token,
            "expiration": role.expiration.timestamp(),
        },
    }


def _subject(fleet: Fleet, cluster: EksCluster, token: str) -> tuple[str, str, str]:
    """Return namespace and service account of a token, and the pod that it is bound to."""
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [AUDIENCE]},
    }
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    status = json.loads(fleet.api(cluster).call("POST", path, review))["status"]
    user = status.get("user", {})
    kind, _, rest = str(user.get("username", "")).partition("serviceaccount:")
    if not status.get("authenticated") or kind != "system:" or not rest:
        raise RefusedError("InvalidTokenException", "not a token of a service account for EKS")
    namespace, account = rest.split(":")
    (pod,) = user.get("extra", {}).get("authentication.kubernetes.io/pod-name", ["pod"])
    return namespace, account, pod


def _association(cluster: EksCluster, namespace: str, account: str) -> dict[str, Any]:
    """Return the association of a service account.

    "Associations are eventually consistent and may take several seconds to be effective":
    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html.
    """
    wanted = {"namespace": namespace, "serviceAccount": account}
    for association in [*cluster.pod_identities.values()]:
        if wanted.items() <= association.items() and settled(association["modifiedAt"]):
            return dict(association)
    raise RefusedError("ResourceNotFoundException", f"no association for {namespace}/{account}")


def _trusted(arn: str, tags: dict[str, str]) -> bool:
    role = iam_backends[ACCOUNT][PARTITION].get_role_by_arn(arn)
    document = json.loads(role.assume_role_policy_document)
    facts = {f"aws:requesttag/{key}": value for key, value in tags.items()}
    caller = frozenset({AUDIENCE})
    return all(
        "named" in granted(Asked(action, arn, caller, ACCOUNT, facts), document)
        for action in ("sts:AssumeRole", "sts:TagSession")
    )
