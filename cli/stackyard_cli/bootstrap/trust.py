"""Trust policies of the pipelines' roles: tokens of one repository's jobs, by their subject.

GitHub's subject contains the environment, whose reviewers therefore protect an apply role. GitLab's
contains the branch only: its protected environment protects the job, not the role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard import iam
from stackyard_cli.bootstrap.context import AccountContext
from stackyard_cli.bootstrap.repository import Repository
from stackyard_cli.ci.hosts import GitHostName

ISSUERS: Mapping[GitHostName, str] = {
    "github": "token.actions.githubusercontent.com",
    "gitlab": "gitlab.com",
}
"""Issuers: https://docs.github.com/actions/concepts/security/openid-connect and
https://docs.gitlab.com/ci/cloud_services/aws/."""

AUDIENCE = "sts.amazonaws.com"


def policy(context: AccountContext, repository: Repository, stage: str | None) -> dict[str, Any]:
    """Return a role's trust policy: jobs of one repository, for an apply of one environment."""
    issuer = ISSUERS[repository.host]
    provider = f"arn:{context.partition}:iam::{context.account}:oidc-provider/{issuer}"
    subjects = {f"{issuer}:sub": repository.subjects(stage)}
    audience = {f"{issuer}:aud": AUDIENCE}
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {**audience, **subjects}}
    if repository.host == "gitlab":
        conditions = {"StringEquals": audience, "StringLike": subjects}
    return iam.assumable_by(
        {"Federated": provider}, actions=("sts:AssumeRoleWithWebIdentity",), conditions=conditions
    )
