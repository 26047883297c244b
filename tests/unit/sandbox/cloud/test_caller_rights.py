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
    asked = {one.action for one in besides(made)} - {"iam:CreateServiceLinkedRole"}
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


ROLE = "arn:aws:iam::123456789012:role/vision-defects-dev-trainer"
PASSING: dict[str, tuple[str, dict[str, Any]]] = {
    "AWS::CloudTrail::Trail": ("cloudtrail:CreateTrail", {"CloudWatchLogsRoleArn": ROLE}),
    "AWS::EC2::FlowLog": ("ec2:CreateFlowLogs", {"DeliverLogsPermissionArn": ROLE}),
    "AWS::EKS::Addon": ("eks:CreateAddon", {"podIdentityAssociations": [{"roleArn": ROLE}]}),
    "AWS::EKS::Cluster": ("eks:CreateCluster", {"roleArn": ROLE}),
    "AWS::EKS::Nodegroup": ("eks:CreateNodegroup", {"nodeRole": ROLE}),
    "AWS::EKS::PodIdentityAssociation": ("eks:CreatePodIdentityAssociation", {"roleArn": ROLE}),
    "AWS::Events::Rule": ("events:PutTargets", {"Targets": [{"Id": "1"}, {"RoleArn": ROLE}]}),
    "AWS::Lambda::Function": ("lambda:CreateFunction", {"Role": ROLE}),
    "AWS::Scheduler::Schedule": ("scheduler:CreateSchedule", {"Target": {"RoleArn": ROLE}}),
    "AWS::StepFunctions::StateMachine": ("states:CreateStateMachine", {"roleArn": ROLE}),
}


@pytest.mark.parametrize("kind", sorted(PASSING))
def test_who_gives_a_service_a_role_needs_to_pass_it(kind: str) -> None:
    action, fields = PASSING[kind]
    assert "iam:passrole" in {one.lower() for one in permissions(kind, "create")}
    asked = [one for one in besides(made(action, fields)) if one.action == "iam:PassRole"]
    (one,) = asked
    assert one.resource == ROLE
    assert str(one.facts["iam:passedtoservice"]).endswith(".amazonaws.com")
    assert not [one for one in besides(made(action, {})) if one.action == "iam:PassRole"]


def made(action: str, fields: dict[str, Any], resource: str = "*", **more: Any) -> Made:
    return Made(action, resource, fields, b"", "eu-central-1", "123456789012", **more)


TAGGED = {
    "AWS::APS::Workspace": ("aps:CreateWorkspace", "aps:TagResource"),
    "AWS::CloudTrail::Trail": ("cloudtrail:CreateTrail", "cloudtrail:AddTags"),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"),
    "AWS::ECR::Repository": ("ecr:CreateRepository", "ecr:TagResource"),
    "AWS::EFS::AccessPoint": (
        *("elasticfilesystem:CreateAccessPoint", "elasticfilesystem:TagResource"),
    ),
    "AWS::EKS::AccessEntry": ("eks:CreateAccessEntry", "eks:TagResource"),
    "AWS::EKS::Nodegroup": ("eks:CreateNodegroup", "eks:TagResource"),
    "AWS::Events::Rule": ("events:PutRule", "events:TagResource"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "lambda:TagResource"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "logs:TagResource"),
    "AWS::RDS::DBSubnetGroup": ("rds:CreateDBSubnetGroup", "rds:AddTagsToResource"),
    "AWS::SNS::Topic": ("sns:CreateTopic", "sns:TagResource"),
    "AWS::SQS::Queue": ("sqs:CreateQueue", "sqs:TagQueue"),
    "AWS::Signer::SigningProfile": ("signer:PutSigningProfile", "signer:TagResource"),
    "AWS::StepFunctions::StateMachine": ("states:CreateStateMachine", "states:TagResource"),
}


@pytest.mark.parametrize("kind", sorted(TAGGED))
def test_who_creates_with_tags_needs_to_tag(kind: str) -> None:
    action, tagging = TAGGED[kind]
    listed = {one.lower() for one in permissions(kind, "create", "update")}
    assert tagging.lower() in listed
    some: list[dict[str, Any]] = [
        {"Tags.member.1.Key": "a"},
        {"tags": {"a": "b"}},
        {"Tags": [{"Key": "a"}]},
    ]
    for fields in some:
        assert tagging in {one.action for one in besides(made(action, fields))}
    assert tagging not in {one.action for one in besides(made(action, {"tags": {}}))}


LINKED = {
    "AWS::EKS::Nodegroup": ("eks:CreateNodegroup", "eks-nodegroup.amazonaws.com"),
    "AWS::RDS::DBInstance": ("rds:CreateDBInstance", "rds.amazonaws.com"),
}


@pytest.mark.parametrize("kind", sorted(LINKED))
def test_a_service_makes_its_own_role_as_the_caller(kind: str) -> None:
    action, service = LINKED[kind]
    assert "iam:CreateServiceLinkedRole" in permissions(kind, "create")
    facts = [one.facts for one in besides(made(action, {})) if "ServiceLinked" in one.action]
    assert facts == [{"iam:awsservicename": service}]


def test_who_reads_a_secret_decrypts_it() -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"""
    (asked,) = besides(made("secretsmanager:GetSecretValue", {}, "arn:s", encrypted_with=KEY))
    assert (asked.action, asked.resource) == ("kms:Decrypt", KEY)
    assert asked.facts["kms:encryptioncontext:secretarn"] == "arn:s"
    assert asked.facts["kms:viaservice"] == "secretsmanager.eu-central-1.amazonaws.com"
    for none in (None, "alias/aws/secretsmanager"):
        assert not list(besides(made("secretsmanager:GetSecretValue", {}, encrypted_with=none)))
