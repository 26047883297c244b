"""Maps each resource type of the AWS provider to the type of CloudFormation that says the same.

CloudFormation's registry holds a schema for most types, with the constraints of each property and
the permissions that its handlers need. Some types of the provider are one property of a resource
there (a bucket's versioning); some have no counterpart, and are named with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Counterpart:
    """A type of CloudFormation, or one property of it."""

    kind: str
    part: str | None = None
    """The property that holds all of the resource; None: the resource is the whole type."""


def _of(module: str, name: str) -> str:
    """Return a token as it is in a state: `aws:ec2/natGateway:NatGateway`."""
    return f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"


_WHOLE = {
    "amp": {"RuleGroupNamespace": "APS::RuleGroupsNamespace", "Workspace": "APS::Workspace"},
    "backup": {"Plan": "Backup::BackupPlan", "Vault": "Backup::BackupVault"},
    "budgets": {"Budget": "Budgets::Budget"},
    "cloudtrail": {"Trail": "CloudTrail::Trail"},
    "cloudwatch": {
        "Dashboard": "CloudWatch::Dashboard",
        "EventRule": "Events::Rule",
        "LogGroup": "Logs::LogGroup",
        "LogMetricFilter": "Logs::MetricFilter",
        "MetricAlarm": "CloudWatch::Alarm",
    },
    "codebuild": {"Project": "CodeBuild::Project"},
    "ec2": {
        "Eip": "EC2::EIP",
        "FlowLog": "EC2::FlowLog",
        "InternetGateway": "EC2::InternetGateway",
        "LaunchTemplate": "EC2::LaunchTemplate",
        "NatGateway": "EC2::NatGateway",
        "Route": "EC2::Route",
        "RouteTable": "EC2::RouteTable",
        "RouteTableAssociation": "EC2::SubnetRouteTableAssociation",
        "SecurityGroup": "EC2::SecurityGroup",
        "Subnet": "EC2::Subnet",
        "Vpc": "EC2::VPC",
        "VpcEndpoint": "EC2::VPCEndpoint",
    },
    "ecr": {"Repository": "ECR::Repository"},
    "efs": {
        "AccessPoint": "EFS::AccessPoint",
        "FileSystem": "EFS::FileSystem",
        "MountTarget": "EFS::MountTarget",
    },
    "eks": {
        "AccessEntry": "EKS::AccessEntry",
        "Addon": "EKS::Addon",
        "Cluster": "EKS::Cluster",
        "NodeGroup": "EKS::Nodegroup",
        "PodIdentityAssociation": "EKS::PodIdentityAssociation",
    },
    "iam": {
        "InstanceProfile": "IAM::InstanceProfile",
        "OpenIdConnectProvider": "IAM::OIDCProvider",
        "Policy": "IAM::ManagedPolicy",
        "Role": "IAM::Role",
        "RolePolicy": "IAM::RolePolicy",
    },
    "kms": {"Alias": "KMS::Alias", "Key": "KMS::Key"},
    "lambda": {"Function": "Lambda::Function", "Permission": "Lambda::Permission"},
    "rds": {
        "Instance": "RDS::DBInstance",
        "ParameterGroup": "RDS::DBParameterGroup",
        "SubnetGroup": "RDS::DBSubnetGroup",
    },
    "s3": {
        "AccessPoint": "S3::AccessPoint",
        "Bucket": "S3::Bucket",
        "BucketPolicy": "S3::BucketPolicy",
    },
    "scheduler": {"Schedule": "Scheduler::Schedule", "ScheduleGroup": "Scheduler::ScheduleGroup"},
    "secretsmanager": {
        "Secret": "SecretsManager::Secret",
        "SecretPolicy": "SecretsManager::ResourcePolicy",
        "SecretRotation": "SecretsManager::RotationSchedule",
    },
    "sfn": {"Activity": "StepFunctions::Activity", "StateMachine": "StepFunctions::StateMachine"},
    "signer": {"SigningProfile": "Signer::SigningProfile"},
    "sns": {
        "Topic": "SNS::Topic",
        "TopicPolicy": "SNS::TopicPolicy",
        "TopicSubscription": "SNS::Subscription",
    },
    "sqs": {"Queue": "SQS::Queue", "QueuePolicy": "SQS::QueuePolicy"},
    "vpc": {
        "SecurityGroupEgressRule": "EC2::SecurityGroupEgress",
        "SecurityGroupIngressRule": "EC2::SecurityGroupIngress",
    },
}

_PARTS = {
    "amp": {"AlertManagerDefinition": "APS::Workspace.AlertManagerDefinition"},
    "cloudwatch": {"EventTarget": "Events::Rule.Targets"},
    "ecr": {
        "LifecyclePolicy": "ECR::Repository.LifecyclePolicy",
        "RepositoryPolicy": "ECR::Repository.RepositoryPolicyText",
    },
    "efs": {"FileSystemPolicy": "EFS::FileSystem.FileSystemPolicy"},
    "eks": {"AccessPolicyAssociation": "EKS::AccessEntry.AccessPolicies"},
    "iam": {"RolePolicyAttachment": "IAM::Role.ManagedPolicyArns"},
    "s3": {
        "BucketLifecycleConfiguration": "S3::Bucket.LifecycleConfiguration",
        "BucketLogging": "S3::Bucket.LoggingConfiguration",
        "BucketNotification": "S3::Bucket.NotificationConfiguration",
        "BucketObjectLockConfiguration": "S3::Bucket.ObjectLockConfiguration",
        "BucketOwnershipControls": "S3::Bucket.OwnershipControls",
        "BucketPublicAccessBlock": "S3::Bucket.PublicAccessBlockConfiguration",
        "BucketServerSideEncryptionConfiguration": "S3::Bucket.BucketEncryption",
        "BucketVersioning": "S3::Bucket.VersioningConfiguration",
    },
    "secretsmanager": {"SecretVersion": "SecretsManager::Secret.SecretString"},
}

COUNTERPARTS: Mapping[str, Counterpart] = {
    **{
        _of(module, name): Counterpart(f"AWS::{kind}")
        for module, names in _WHOLE.items()
        for name, kind in names.items()
    },
    **{
        _of(module, name): Counterpart(f"AWS::{held.partition('.')[0]}", held.partition(".")[2])
        for module, names in _PARTS.items()
        for name, held in names.items()
    },
}
"""Tokens of the provider, as they are in a state, with what says the same in CloudFormation."""

WITHOUT: Mapping[str, str] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": (
        "EC2 makes the group with the VPC; CloudFormation reads it as a property of AWS::EC2::VPC"
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": "CloudFormation has no type for an object",
}
"""Tokens of the provider without a type in CloudFormation's registry, with the reason."""
