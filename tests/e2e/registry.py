"""The image registry as builds and people see it: pushes, and who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from tests.support.clients import Assume, Clients

ACCOUNT = "123456789012"


def manifest(content: str) -> str:
    """Return the manifest of an image that differs by its content."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(content)}
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {**config, "digest": f"sha256:{len(content):064x}"},
            "layers": [],
            "annotations": {"content": content},
        }
    )


def push(registry: Any, repository: str, tag: str, content: str = "test") -> str:
    """Do what the end of `docker push` does, and return how the registry answers."""
    try:
        registry.put_image(repositoryName=repository, imageTag=tag, imageManifest=manifest(content))
    except ClientError as error:
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return "denied" if refused else str(error.response["Error"]["Code"])
    return "pushed"


@contextmanager
def as_build(role: str, aws: Clients, assume: Assume) -> Iterator[Any]:
    """Give a client with the role of a build; only CodeBuild can take it, so it is opened here."""
    with opened(role, aws, assume) as credentials:
        yield aws("ecr", credentials)


@contextmanager
def opened(role: str, aws: Clients, assume: Assume) -> Iterator[dict[str, str]]:
    """Give credentials of a role that only a service can take: its trust is wider meanwhile."""
    iam = aws("iam")
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    wider = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    document = {**trust, "Statement": [*trust["Statement"], wider]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
    try:
        yield assume(role)
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


def as_environment(credentials: dict[str, str]) -> dict[str, str]:
    """Return credentials as the variables that AWS clients read."""
    return {name.upper(): value for name, value in credentials.items()}
