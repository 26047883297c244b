"""Service-linked roles, which a service makes at its first use, as the caller and with its rights.

Here nobody makes them, so each request is as the first one of an account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html, and per service:
https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html,
https://docs.aws.amazon.com/efs/latest/ug/using-service-linked-roles.html.
"""

from collections.abc import Iterator, Mapping

from moto.iam.models import iam_backends

from stackyard_sandbox.cloud.iam.principals import PARTITION

MAKES: Mapping[str, Mapping[str, str]] = {
    "eks:CreateCluster": {"eks.amazonaws.com": "AmazonEKS"},
    "eks:CreateNodegroup": {"eks-nodegroup.amazonaws.com": "AmazonEKSNodegroup"},
    "elasticfilesystem:CreateMountTarget": {
        "elasticfilesystem.amazonaws.com": "AmazonElasticFileSystem"
    },
    "rds:CreateDBInstance": {"rds.amazonaws.com": "RDS"},
}
"""By operation: the services that need a role of their own, and the end of its name."""


def missing(action: str, account: str) -> Iterator[tuple[str, str]]:
    """Yield the roles that an operation makes, by ARN, with their service; none that is there."""
    present = {role.arn for role in [*iam_backends[account][PARTITION].roles.values()]}
    for service, name in MAKES.get(action, {}).items():
        path = f"aws-service-role/{service}/AWSServiceRoleFor{name}"
        arn = f"arn:{PARTITION}:iam::{account}:role/{path}"
        if arn not in present:
            yield arn, service
