"""Independent clients of a sandbox: boto3 and Kubernetes, as its administrator or as a role."""

from __future__ import annotations

from typing import Any, Protocol

import boto3
from kubernetes import client, config

from stackyard_sandbox import daemon, eks_token
from stackyard_sandbox.state import Sandbox

ACCOUNT = "123456789012"
REGION = "eu-central-1"

Credentials = dict[str, str]
"""Keys and session token, named as the arguments of `boto3.client`."""


class Assume(Protocol):
    """`Clients.assume`, as tests are given it."""

    def __call__(
        self, role: str, external_id: str | None = None, *, name: str = "test"
    ) -> Credentials:
        """Take a role, in a session of this name, and return its credentials."""
        ...


class Clients:
    """Makes boto3 clients: `aws("s3")` as administrator, `aws("s3", credentials)` as a role."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __call__(self, service: str, credentials: Credentials | None = None) -> Any:
        aws = self.sandbox.aws
        keys = credentials or {
            "aws_access_key_id": aws.access_key_id,
            "aws_secret_access_key": aws.secret_access_key,
        }
        return boto3.client(service, region_name=aws.region, endpoint_url=aws.endpoint, **keys)

    def assume(
        self, role: str, external_id: str | None = None, *, name: str = "test"
    ) -> Credentials:
        """Take a role, by its ARN or name, as one of its trusted principals would."""
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
        extra = {"ExternalId": external_id} if external_id else {}
        answer = self("sts").assume_role(RoleArn=arn, RoleSessionName=name, **extra)
        return credentials_of(answer)


class KubernetesClients:
    """Makes API clients of clusters: as administrator, or with the EKS token of credentials."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __call__(
        self, cluster: str, credentials: Credentials | None = None, *, token_for: str | None = None
    ) -> client.ApiClient:
        """Return a client of a cluster; `token_for` names another cluster in the token."""
        if credentials is None:
            path = self.sandbox.environment()["KUBECONFIG"]
            return config.new_client_from_config(config_file=path, context=cluster)
        aws, known = self.sandbox.aws, daemon.current(self.sandbox.directory)
        assert known is not None, "the sandbox has ended"
        described = known.clusters[cluster]
        authority = self.sandbox.directory / f"{cluster}.test-ca.pem"
        authority.write_text(described.ca_pem)
        settings = client.Configuration()
        settings.host, settings.ssl_ca_cert = described.endpoint, str(authority)
        token = eks_token.token(token_for or cluster, credentials, aws.region, aws.endpoint)
        settings.api_key = {"authorization": f"Bearer {token}"}
        return client.ApiClient(settings)


def credentials_of(answer: Any) -> Credentials:
    """Return the credentials in an answer of STS."""
    keys = answer["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
