"""What nodes and pods need of AWS's APIs: without a NAT gateway, each is an interface endpoint.

S3 has a gateway endpoint in every VPC. What Lambda, CodeBuild and Step Functions call goes out of
networks of theirs. Sources: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
and https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

EndpointService = Literal[
    "aps-workspaces",
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "kms",
    "logs",
    "monitoring",
    "sagemaker.api",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "states",
    "sts",
]
"""An AWS service that the VPC can reach through an interface endpoint."""

SERVICES: tuple[EndpointService, ...] = get_args(EndpointService)


@dataclass(frozen=True)
class Need:
    """Something that runs in the VPC, and the services whose APIs it calls."""

    who: str
    services: tuple[EndpointService, ...]

    def missing(self, there: Collection[str]) -> list[EndpointService]:
        """Return the services that have no endpoint."""
        return [service for service in self.services if service not in there]


EVERY_STAGE = (
    Need("nodes join the cluster", ("ec2", "eks", "sts")),
    Need("nodes pull images", ("ecr.api", "ecr.dkr")),
    Need("pods get their AWS credentials", ("eks-auth",)),
    Need("the autoscaler starts nodes", ("autoscaling", "ec2", "eks")),
    Need("the log shipper sends lines", ("logs",)),
)
"""What foundation and services always run."""

PASSWORDS = Need("pods read passwords", ("secretsmanager",))
MOUNTED_SECRETS = Need("nodes mount secrets", ("secretsmanager",))
METRICS = Need("the collector sends metrics", ("aps-workspaces",))
SHARED_DIRECTORIES = Need("nodes mount the shared file system", ("elasticfilesystem",))


def listed(needs: Iterable[Need], there: Collection[str]) -> str:
    """Return what has no endpoint and what it is for, as one text; empty if nothing is missing."""
    found = [(need.who, need.missing(there)) for need in needs]
    return "; ".join(f"{who}: {', '.join(missing)}" for who, missing in found if missing)


def missing(needs: Iterable[Need], there: Collection[str]) -> list[EndpointService]:
    """Return the services without an endpoint, each once, sorted."""
    return sorted({service for need in needs for service in need.missing(there)})
