"""Words of policies, held against AWS's service authorization reference."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard_sandbox.cloud.iam.policy_vocabulary import problems

GROUP = "arn:aws:logs:eu-central-1:123456789012:log-group"


def statement(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def found(*statements: dict[str, Any]) -> list[str]:
    return list(problems({"Version": "2012-10-17", "Statement": list(statements)}))


@pytest.mark.parametrize(
    "right",
    [
        statement("*"),
        statement("s3:Get*", "arn:aws:s3:::lake/*"),
        statement("S3:getobject", "arn:aws:s3:::lake/${aws:userid}/*"),
        statement(["s3:ListBucket", "s3:GetObject"], ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"]),
        statement("logs:DescribeLogGroups"),
        statement("logs:GetLogEvents", f"{GROUP}:/stackyard/a:*"),
        statement("kms:Decrypt", Condition={"StringLike": {"kms:ViaService": "s3.*"}}),
        statement(
            "kms:Decrypt", Condition={"StringEquals": {"kms:EncryptionContext:SecretARN": "a"}}
        ),
        statement(
            "iam:CreateRole", Condition={"StringEquals": {"aws:RequestTag/stackyard:stage": "dev"}}
        ),
        statement("s3:ListBucket", Condition={"StringLike": {"S3:Prefix": "in/*"}}),
        statement("SNS:Publish", Condition={"StringEquals": {"AWS:SourceOwner": "123456789012"}}),
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/keys.acme.example"},
            "Condition": {"StringEquals": {"keys.acme.example:sub": "system:serviceaccount:a:b"}},
        },
        {"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"},
    ],
    ids=str,
)
def test_what_aws_knows_passes(right: dict[str, Any]) -> None:
    assert found(right) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (statement("s3:DeleteBucketCors"), "the action s3:DeleteBucketCors does not exist"),
        (statement("s4:GetObject"), "the action s4:GetObject does not exist"),
        (statement("s3:Fetch*"), "the action s3:Fetch* does not exist"),
        (
            statement("kms:Decrypt", Condition={"StringEquals": {"kms:ViaServices": "s3"}}),
            "the condition key kms:ViaServices does not exist",
        ),
        (
            statement("kms:Decrypt", Condition={"StringEquals": {"aws:SourceService": "s3"}}),
            "the condition key aws:SourceService does not exist",
        ),
        (
            statement("s3:GetObject", Condition={"StringLike": {"s3:prefix": "in/*"}}),
            "no action of the statement has the condition key s3:prefix",
        ),
        (
            statement(
                "sagemaker:CreateTrainingJob",
                Condition={"ArnNotEquals": {"sagemaker:VolumeKmsKey": "arn"}},
            ),
            "no action of the statement has the condition key sagemaker:VolumeKmsKey",
        ),
        (
            statement(["s3:GetObject"], "arn:aws:sqs:eu-central-1:1:queue"),
            "no action of the statement has a resource like arn:aws:sqs:eu-central-1:1:queue",
        ),
        (
            statement(["logs:DescribeLogGroups", "logs:GetLogEvents"], f"{GROUP}:*"),
            "logs:DescribeLogGroups has none of the resources; it is given on * or on other ones",
        ),
        (
            statement(["s3:ListBucket", "s3:GetObject"], "arn:aws:s3:::lake/in/*"),
            "s3:ListBucket has none of the resources; it is given on * or on other ones",
        ),
    ],
    ids=str,
)
def test_what_no_request_can_match_is_found(wrong: dict[str, Any], says: str) -> None:
    assert says in found(wrong)


def test_a_long_resource_is_no_burden() -> None:
    path = "a*" * 900
    assert found(statement("s3:GetObject", f"arn:aws:s3:::{path}")) == []
