"""Permissions of the role of a SageMaker job: its image, its network, its volumes, and AutoML.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, the execution role's
permissions for CreateTrainingJob, CreateHyperParameterTuningJob and CreateAutoMLJob.
"""

from __future__ import annotations

from collections.abc import Sequence

from stackyard import iam
from stackyard.aws_location import AwsLocation
from stackyard.images.policies import PULL

AUTOML = (
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateModel",
    "sagemaker:DeleteEndpoint",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:DeleteModel",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeModel",
    "sagemaker:InvokeEndpoint",
    "sagemaker:ListTags",
)
"""Calls of AutoML with the job's role: it serves candidates for some time, to explain them."""

LOOK = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def pull_images(location: AwsLocation, repositories: str) -> list[iam.Statement]:
    """Return the statements to pull a job's image: the project's own, or an AWS algorithm's.

    `repositories` is a pattern in the account's registry. AWS's images are in other accounts:
    https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html.
    """
    own = location.arn("ecr", f"repository/{repositories}")
    every = AwsLocation("*", location.region).arn("ecr", "repository/*")
    elsewhere = {"StringNotEquals": {"aws:ResourceAccount": location.account}}
    return [
        iam.statement("SignInToRegistry", ("ecr:GetAuthorizationToken",), ("*",)),
        iam.statement("PullImages", PULL, (own,)),
        iam.statement("PullAlgorithms", PULL, (every,), conditions=elsewhere),
    ]


def use_network(location: AwsLocation, subnets: Sequence[str]) -> list[iam.Statement]:
    """Return the statements for network interfaces in the project's subnets only."""
    arns = sorted(location.arn("ec2", f"subnet/{subnet}") for subnet in subnets)
    interfaces, groups = (
        location.arn("ec2", f"{kind}/*") for kind in ("network-interface", "security-group")
    )
    here = {"ArnEquals": {"ec2:Subnet": arns}}
    change = ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface")
    make = ("ec2:CreateNetworkInterface",)
    return [
        iam.statement("JoinSubnets", make, (*arns, groups, interfaces)),
        iam.statement("UseInterfaces", change, (interfaces,), conditions=here),
        # EC2 has no resource type for these.
        iam.statement("SeeNetwork", (*LOOK, "ec2:DeleteNetworkInterfacePermission"), ("*",)),
    ]


def encrypt_volumes(key_arn: str) -> iam.Statement:
    """Return the statement that allows SageMaker to encrypt a job's volumes while it runs."""
    return iam.statement("EncryptVolumes", ("kms:CreateGrant", "kms:DescribeKey"), (key_arn,))


def run_automl(location: AwsLocation, role_arn: str) -> list[iam.Statement]:
    """Return the statements for AutoML, which passes the job's role to its own jobs."""
    kinds = ("endpoint", "endpoint-config", "model", "automl-job")
    made = [location.arn("sagemaker", f"{kind}/*") for kind in kinds]
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    return [
        iam.statement("RunAutoMl", AUTOML, made),
        iam.statement("PassItself", ("iam:PassRole",), (role_arn,), conditions=to_sagemaker),
    ]
