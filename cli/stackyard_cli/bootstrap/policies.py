"""IAM policies of the pipelines' roles: read for a preview, change for an apply."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from stackyard import iam
from stackyard_cli.bootstrap import caller_rights
from stackyard_cli.bootstrap.context import AccountContext, requested, tagged
from stackyard_cli.bootstrap.permissions import Actions
from stackyard_cli.errors import ExitCode, StackyardError

POLICY_LIMIT = 6_144
"""Maximum number of characters of a managed policy, without spaces:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""

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
"""Services to which components pass a role; roles may not be passed to others."""

TAGGED = ("iam", "kms", "secretsmanager")
"""Services whose changing actions can all be limited by the tag of the resource, and whose
resources are the most sensitive: only Stackyard's own roles, keys and secrets can be changed."""

UNTAGGED = {"kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"}
"""Actions of those services on resources that have no tags (aliases)."""

TAGGING = {
    "iam:TagInstanceProfile",
    "iam:TagOpenIDConnectProvider",
    "kms:TagResource",
    "secretsmanager:TagResource",
}
"""Actions that IAM checks with the creating action, before the resource has a tag."""

BOUNDED = {
    "iam:AttachRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
}
"""Actions on a role with a condition key for its boundary; others (on its trust, its tags) cannot
be limited by it:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html."""

LINKED = (
    "autoscaling.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "eks.amazonaws.com",
    "elasticfilesystem.amazonaws.com",
    "rds.amazonaws.com",
)
"""Services that create a service-linked role at their first use in an account."""


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


def apply(
    context: AccountContext, actions: Actions, stage: str, others: Iterable[str] = ()
) -> list[iam.Statement]:
    """Return the permissions of an apply: the blueprints' types, limited by tag if possible.

    `others` are the account's other stages, whose roles it cannot pass, whatever their names are.
    """
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
            conditions={"StringEquals": requested(stage)},
        ),
        iam.statement(
            "ChangeTagged",
            sorted((actions.change & bound) - UNTAGGED),
            ["*"],
            conditions={"StringEquals": tagged(stage)},
        ),
        _not_of_others(stage),
        *caller_rights.statements(context, stage),
        *_roles(context, actions, stage),
        *_passes_none_of(context, others),
        iam.statement(
            "Linked",
            ["iam:CreateServiceLinkedRole"],
            ["*"],
            conditions={"StringEquals": {"iam:AWSServiceName": list(LINKED)}},
        ),
        *_state(context),
    ]


def _not_of_others(stage: str) -> iam.Statement:
    """Deny setting the tags of a stage on another stage's resource, which would take it over.

    A new resource has no tag yet, so the statement does not match it.
    """
    return iam.statement(
        "NotOfOtherStages",
        [*TAGGING, "iam:TagRole"],
        ["*"],
        effect="Deny",
        conditions={
            "Null": {"aws:ResourceTag/stackyard:stage": "false"},
            "StringNotEquals": {"aws:ResourceTag/stackyard:stage": stage},
        },
    )


def _is_of_role(action: str) -> bool:
    """Return whether IAM checks an action on a role; to add one to a profile changes the profile.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """
    return action.startswith("iam:") and "Role" in action and "InstanceProfile" not in action


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
            conditions={"StringEquals": {**bounds, **requested(stage)}},
        ),
        iam.statement(
            "TagRole", ["iam:TagRole"], of_stage, conditions={"StringEquals": requested(stage)}
        ),
        iam.statement(
            "GrantRole",
            sorted(actions.change & BOUNDED),
            of_stage,
            conditions={"StringEquals": {**bounds, **tagged(stage)}},
        ),
        iam.statement(
            "ChangeRole", sorted(other), of_stage, conditions={"StringEquals": tagged(stage)}
        ),
        iam.statement(
            "Pass",
            ["iam:PassRole"],
            of_stage,
            conditions={"StringEquals": {"iam:PassedToService": list(SERVICES)}},
        ),
    ]


def _passes_none_of(context: AccountContext, stages: Iterable[str]) -> list[iam.Statement]:
    """Deny passing roles with names of other stages; IAM has no condition on a role's tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    role = f"arn:{context.partition}:iam::{context.account}:role"
    named = [f"{role}/*-{stage}-*" for stage in sorted(stages)]
    passing = ["iam:PassRole"]
    return [iam.statement("PassNoOthers", passing, named, effect="Deny")] if named else []


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
