"""Web identities as AWS sees them: tokens of GitHub's jobs, and roles taken with a token alone."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from joserfc import jwt
from joserfc.jwk import RSAKey

from stackyard_sandbox.cloud.iam import token_issuers
from stackyard_sandbox.processes import write_private
from stackyard_sandbox.state import Sandbox

GITHUB = "https://token.actions.githubusercontent.com"


class Jobs:
    """Jobs of the repository `acme/estate` at GitHub, which signs a token for each.

    The sandbox is told the public half of the key that stands for GitHub's. Claims as in
    https://docs.github.com/actions/reference/security/oidc.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self._sts = sandbox, without_keys(sandbox)
        self._key = RSAKey.generate_key(2048, {"kid": "github"})
        published = {GITHUB: {"keys": [self._key.as_dict(private=False)]}}
        write_private(sandbox.directory / token_issuers.FILE, json.dumps(published))

    def token(self, who: str, repository: str = "acme/estate", **claims: Any) -> str:
        """Return a token for `environment:NAME`, `pull_request`, or `ref:refs/heads/BRANCH`."""
        now = int(time.time())
        said = {
            "iss": GITHUB,
            "sub": f"repo:{repository}:{who}",
            "aud": "sts.amazonaws.com",
            "iat": now,
            "exp": now + 300,
            "repository": repository,
            **claims,
        }
        return jwt.encode({"alg": "RS256", "kid": "github"}, said, self._key)

    def take(self, role: str, who: str, **claims: Any) -> dict[str, str]:
        """Return the credentials that such a job gets for a role of the account."""
        arn = f"arn:aws:iam::{self._sandbox.aws.account}:role/{role}"
        return trade(self._sts, arn, self.token(who, **claims))


def without_keys(sandbox: Sandbox) -> Any:
    """Return a client of STS that signs nothing."""
    return boto3.client(
        "sts",
        region_name=sandbox.aws.region,
        endpoint_url=sandbox.aws.endpoint,
        config=Config(signature_version=UNSIGNED),
    )


def trade(sts: Any, role: str, token: str) -> dict[str, str]:
    """Take a role, by its ARN, with a token."""
    keys = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="test", WebIdentityToken=token
    )["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
