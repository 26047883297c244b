"""IAM policies of the pipelines' roles: read for a preview, change for an apply; their trust."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stackyard import iam
from stackyard_cli.bootstrap.permissions import Actions
from stackyard_cli.ci.hosts import GitHostName
from stackyard_cli.errors import ExitCode, StackyardError

POLICY_LIMIT = 6_144
"""Characters of a managed policy without spaces:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""

PREFIX = "stackyard-"
"""Prefix of every role and policy of the bootstrap; stacks cannot change them."""

ROLE_BOUNDARY = f"{PREFIX}roles"
"""Name of the permissions boundary of stacks' roles; stack files name it."""

SERVICES = (
    "cloudtrail.amazonaws.com",
    "codebuild.amazonaws.com",
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "pods.eks.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
"""Services that components hand a role to; no other may be passed one."""

TAGGED = ("iam", "kms", "secretsmanager")
"""Services whose every changing action can be bound to the tag of the resource, and whose
resources matter most: a role, a key or a secret that Stackyard did not make is out of reach."""

UNTAGGED = {
    "iam:CreateOpenIDConnectProvider",
    "kms:CreateAlias",
    "kms:UpdateAlias",
    "kms:DeleteAlias",
}
"""Actions of those services that carry no tag of their own (an alias has none)."""

TAGGING = {"kms:TagResource", "secretsmanager:TagResource"}
"""Checked besides the creating action, before the resource has a tag."""

BOUNDED = {
    "iam:AttachRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
}
"""Actions on a role that know its boundary; others (its trust, its tags) cannot be bound to it:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html."""

LINKED = (
    "autoscaling.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "eks.amazonaws.com",
    "elasticfilesystem.amazonaws.com",
    "rds.amazonaws.com",
)
"""Services that create a service-linked role at their first use in an account."""

OURS = {"stackyard:managed-by": "stackyard"}
TO_BE_OURS = {f"aws:RequestTag/{key}": value for key, value in OURS.items()}
IS_OURS = {f"aws:ResourceTag/{key}": value for key, value in OURS.items()}


@dataclass(frozen=True)
class AccountContext:
    """The account that is prepared, and its state bucket and key."""

    partition: str
    account: str
    region: str
    bucket: str
    key_arn: str

    @property
    def role_boundary(self) -> str:
        """ARN of the permissions boundary of every stack's roles."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{ROLE_BOUNDARY}"

    @property
    def bucket_arn(self) -> str:
        """ARN of the state bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def own(self, kind: str) -> str:
        """Return the ARN pattern of the bootstrap's own roles or policies."""
        return f"arn:{self.partition}:iam::{self.account}:{kind}/{PREFIX}*"


def preview(context: AccountContext, actions: Actions) -> list[iam.Statement]:
    """Return the permissions of a preview: read resources and state; no secrets, no changes."""
    key = context.key_arn
    return [
        iam.statement("See", sorted(actions.read), ["*"]),
        iam.statement("SeeState", ["s3:GetObject"], [f"{context.bucket_arn}/*"]),
        iam.statement("ListState", ["s3:GetBucketLocation", "s3:ListBucket"], [context.bucket_arn]),
        iam.statement("OpenState", ["kms:Decrypt", "kms:DescribeKey"], [key]),
        iam.statement(
            "NoSecrets",
            ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "ssm:Get*"],
            ["*"],
            effect="Deny",
        ),
        {"Sid": "NoOtherKey", "Effect": "Deny", "Action": ["kms:Decrypt"], "NotResource": [key]},
        {
            "Sid": "NoData",
            "Effect": "Deny",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "NotResource": [f"{context.bucket_arn}/*"],
        },
    ]


def apply(context: AccountContext, actions: Actions, stage: str) -> list[iam.Statement]:
    """Return the permissions of an apply: the types of the blueprints, by tag where it matters."""
    bound = {one for one in actions.create | actions.change if one.split(":")[0] in TAGGED}
    free = (actions.create | actions.change) - (bound - UNTAGGED)
    bound -= {one for one in bound if _is_of_role(one)}
    return [
        iam.statement("See", sorted(actions.read), ["*"]),
        iam.statement("Change", sorted(free), ["*"]),
        iam.statement(
            "MakeTagged",
            sorted(((actions.create & bound) - UNTAGGED) | TAGGING),
            ["*"],
            conditions={"StringEquals": TO_BE_OURS},
        ),
        iam.statement(
            "ChangeTagged",
            sorted((actions.change & bound) - UNTAGGED),
            ["*"],
            conditions={"StringEquals": IS_OURS},
        ),
        *_roles(context, actions, stage),
        iam.statement(
            "Linked",
            ["iam:CreateServiceLinkedRole"],
            ["*"],
            conditions={"StringEquals": {"iam:AWSServiceName": list(LINKED)}},
        ),
        *_state(context),
    ]


def _is_of_role(action: str) -> bool:
    return action.startswith("iam:") and "Role" in action


def _roles(context: AccountContext, actions: Actions, stage: str) -> list[iam.Statement]:
    """Return an apply's permissions on roles: of its stage by name, within the boundary."""
    of_stage = [f"arn:{context.partition}:iam::{context.account}:role/*-{stage}-*"]
    bounds = {"iam:PermissionsBoundary": context.role_boundary}
    other = {one for one in actions.change if _is_of_role(one)} - BOUNDED
    return [
        iam.statement(
            "MakeRole",
            ["iam:CreateRole"],
            of_stage,
            conditions={"StringEquals": {**bounds, **TO_BE_OURS}},
        ),
        iam.statement(
            "TagRole", ["iam:TagRole"], of_stage, conditions={"StringEquals": TO_BE_OURS}
        ),
        iam.statement(
            "GrantRole",
            sorted(actions.change & BOUNDED),
            of_stage,
            conditions={"StringEquals": {**bounds, **IS_OURS}},
        ),
        iam.statement("ChangeRole", sorted(other), of_stage, conditions={"StringEquals": IS_OURS}),
        iam.statement(
            "Pass",
            ["iam:PassRole"],
            of_stage,
            conditions={"StringEquals": {"iam:PassedToService": list(SERVICES)}},
        ),
    ]


def _state(context: AccountContext) -> list[iam.Statement]:
    return [
        iam.statement(
            "State",
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{context.bucket_arn}/*"],
        ),
        iam.statement("ListState", ["s3:GetBucketLocation", "s3:ListBucket"], [context.bucket_arn]),
        iam.statement(
            "StateKey",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            [context.key_arn],
        ),
    ]


def state_bucket(context: AccountContext) -> dict[str, Any]:
    """Return the policy of the state bucket: encrypted transport only, TLS 1.2 at least."""
    everything = [context.bucket_arn, f"{context.bucket_arn}/*"]
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    old = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    return iam.document(
        iam.statement(
            "TlsOnly", ["s3:*"], everything, effect="Deny", principals="*", conditions=tls
        ),
        iam.statement(
            "NoOldTls", ["s3:*"], everything, effect="Deny", principals="*", conditions=old
        ),
    )


def trust(
    context: AccountContext, host: GitHostName, repository: str, stage: str | None
) -> dict[str, Any]:
    """Return the trust policy of a role: jobs of one repository, for an apply of one environment.

    GitHub's subject names the environment, whose reviewers therefore guard the role. GitLab's names
    the branch only: its protected environment guards the job, not the role.
    """
    issuer = ISSUERS[host]
    provider = f"arn:{context.partition}:iam::{context.account}:oidc-provider/{issuer}"
    if host == "github":
        subjects = (
            [f"repo:{repository}:environment:{stage}"]
            if stage
            else [f"repo:{repository}:pull_request", f"repo:{repository}:ref:refs/heads/main"]
        )
        conditions = {"StringEquals": {f"{issuer}:aud": AUDIENCE, f"{issuer}:sub": subjects}}
    else:
        ref = "branch:ref:main" if stage else "*"
        conditions = {
            "StringEquals": {f"{issuer}:aud": AUDIENCE},
            "StringLike": {f"{issuer}:sub": [f"project_path:{repository}:ref_type:{ref}"]},
        }
    return iam.assumable_by(
        {"Federated": provider}, actions=("sts:AssumeRoleWithWebIdentity",), conditions=conditions
    )


ISSUERS: Mapping[GitHostName, str] = {
    "github": "token.actions.githubusercontent.com",
    "gitlab": "gitlab.com",
}
"""Issuers: https://docs.github.com/actions/concepts/security/openid-connect and
https://docs.gitlab.com/ci/cloud_services/aws/."""

AUDIENCE = "sts.amazonaws.com"


def packed(statements: Iterable[iam.Statement]) -> list[str]:
    """Return policies that hold the statements, each below the limit; long ones are split."""
    policies: list[list[iam.Statement]] = [[]]
    for one in (part for statement in statements for part in _split(statement)):
        if policies[-1] and len(_text([*policies[-1], one])) > POLICY_LIMIT:
            policies.append([])
        policies[-1].append(one)
    return [_text(each) for each in policies if each]


def _split(statement: iam.Statement) -> Iterator[iam.Statement]:
    if len(_text([statement])) <= POLICY_LIMIT // 2:
        yield statement
        return
    actions = statement["Action"]
    if len(actions) < 2:
        message = f"the statement {statement['Sid']} does not fit into a policy"
        raise StackyardError(message, code=ExitCode.FAILED)
    half = len(actions) // 2
    for mark, part in (("A", actions[:half]), ("B", actions[half:])):
        yield from _split({**statement, "Sid": f"{statement['Sid']}{mark}", "Action": part})


def _text(statements: list[iam.Statement]) -> str:
    return json.dumps(iam.document(*statements), sort_keys=True, separators=(",", ":"))
