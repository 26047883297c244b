"""What the sandbox asks of a caller besides the action called, held against CloudFormation's lists.

The create handlers of the registry's types name the permissions that the service asks for.
"""

from __future__ import annotations

from typing import Any

import pytest

from audits.judges.handlers import permissions
from stackyard_sandbox.cloud.iam.caller_rights import Made, besides

KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
ASKED: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "AWS::ECR::Repository": (
        "ecr:CreateRepository",
        {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY}},
        b"",
    ),
    "AWS::EFS::FileSystem": ("elasticfilesystem:CreateFileSystem", {"KmsKeyId": KEY}, b""),
    "AWS::EKS::Cluster": (
        "eks:CreateCluster",
        {"encryptionConfig": [{"provider": {"keyArn": KEY}, "resources": ["secrets"]}]},
        b"",
    ),
    "AWS::IAM::OIDCProvider": (
        "iam:CreateOpenIDConnectProvider",
        {"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"},
        b"",
    ),
    "AWS::IAM::Role": ("iam:CreateRole", {"Tags.member.1.Key": "a"}, b""),
    "AWS::KMS::Key": ("kms:CreateKey", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}, b""),
    "AWS::RDS::DBInstance": (
        "rds:CreateDBInstance",
        {
            "KmsKeyId": KEY,
            "ManageMasterUserPassword": "true",
            "MasterUserSecretKmsKeyId": KEY,
        },
        b"",
    ),
    "AWS::S3::AccessPoint": (
        "s3:CreateAccessPoint",
        {},
        b"<CreateAccessPointRequest><PublicAccessBlockConfiguration></CreateAccessPointRequest>",
    ),
    "AWS::SecretsManager::Secret": ("secretsmanager:CreateSecret", {"KmsKeyId": KEY}, b""),
}


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_each_question_is_one_that_aws_asks(kind: str) -> None:
    action, fields, body = ASKED[kind]
    made = Made(action, "*", fields, body, "eu-central-1", "123456789012")
    asked = {one.action for one in besides(made)}
    listed = permissions(kind, "create")
    # The registry leaves out what Secrets Manager does with a key; the guides name it.
    if kind in ("AWS::RDS::DBInstance", "AWS::SecretsManager::Secret"):
        listed |= {"kms:Decrypt", "kms:GenerateDataKey"}
    assert asked
    assert asked <= listed
    if not action.startswith(("iam:", "kms:")):
        assert {one for one in listed if one.startswith("kms:")} <= asked


def test_a_key_of_aws_itself_needs_no_right() -> None:
    made = Made("secretsmanager:CreateSecret", "*", {}, b"", "eu-central-1", "123456789012")
    assert list(besides(made)) == []


@pytest.mark.parametrize(
    ("action", "fields", "versions"),
    [
        ("CreateSecret", {"KmsKeyId": KEY}, {"RequestToValidateKeyAccess"}),
        ("UpdateSecret", {"Description": "x"}, set()),
        ("UpdateSecret", {"SecretString": "x"}, {"of-the-new-value"}),
        ("PutSecretValue", {"SecretBinary": "eA=="}, {"of-the-new-value"}),
        (
            "UpdateSecret",
            {"KmsKeyId": KEY, "SecretString": "x"},
            {"RequestToValidateKeyAccess", "of-the-new-value"},
        ),
    ],
)
def test_only_a_value_is_encrypted_as_a_version(
    action: str, fields: dict[str, Any], versions: set[str]
) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"""
    name = f"secretsmanager:{action}"
    made = Made(name, "arn:secret", fields, b"", "eu-central-1", "123456789012", KEY)
    asked = list(besides(made))
    assert {one.facts["kms:encryptioncontext:secretversionid"] for one in asked} == versions
    assert {one.action for one in asked} == (
        {"kms:Decrypt", "kms:GenerateDataKey"} if asked else set()
    )
