"""What nodes and pods need of the network: ways out of a pod, and the AWS APIs behind them.

The ways become the network policies of a project's namespace. Without a NAT gateway, each API needs
an interface endpoint in the VPC, whose addresses are covered by the way over HTTPS. S3 has a
gateway endpoint in every VPC. Lambda, CodeBuild and Step Functions call APIs from networks of their
own. Sources: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
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
    """A program in the VPC, and the services whose APIs it calls."""

    who: str
    services: tuple[EndpointService, ...]

    def missing(self, there: Collection[str]) -> list[EndpointService]:
        """Return the services that have no endpoint."""
        return [service for service in self.services if service not in there]


LINK_LOCAL = "169.254.0.0/16"
"""Link-local addresses, such as the node's metadata service; no pod needs them."""


@dataclass(frozen=True)
class WayOut:
    """One kind of traffic that every pod of a project may send."""

    policy: str
    """Name of the network policy."""

    ports: tuple[tuple[str, int], ...]
    """Protocols and ports."""

    cidr: str = ""
    """IPv4 range; empty where `namespace` is given."""

    excepted: tuple[str, ...] = ()
    """Ranges inside `cidr` that are not allowed."""

    namespace: str | None = None
    """Namespace of the pods that it leads to, instead of `cidr`."""


PODS_OUT = (
    WayOut("allow-dns", (("UDP", 53), ("TCP", 53)), namespace="kube-system"),
    WayOut("allow-https", (("TCP", 443),), cidr="0.0.0.0/0", excepted=(LINK_LOCAL,)),
    # The address from which pods get their AWS credentials:
    # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html.
    WayOut("allow-pod-identity", (("TCP", 80),), cidr="169.254.170.23/32"),
)

EVERY_STAGE = (
    Need("nodes join the cluster", ("ec2", "eks", "sts")),
    Need("nodes pull images", ("ecr.api", "ecr.dkr")),
    Need("pods get their AWS credentials", ("eks-auth",)),
    Need("Karpenter starts nodes", ("ec2", "eks", "sqs", "ssm")),
    Need("the log shipper sends lines", ("logs",)),
)
"""Programs that foundation and services always run."""

PASSWORDS = Need("pods read passwords", ("secretsmanager",))
MOUNTED_SECRETS = Need("nodes mount secrets", ("secretsmanager",))
METRICS = Need("the collector sends metrics", ("aps-workspaces",))
SHARED_DIRECTORIES = Need("nodes mount the shared file system", ("elasticfilesystem",))


def listed(needs: Iterable[Need], there: Collection[str]) -> str:
    """Return the missing endpoints and their users as one text; empty if none is missing."""
    gaps = [(need.who, need.missing(there)) for need in needs]
    return "; ".join(f"{who}: {', '.join(missing)}" for who, missing in gaps if missing)


def missing(needs: Iterable[Need], there: Collection[str]) -> list[EndpointService]:
    """Return the services without an endpoint, each once, sorted."""
    return sorted({service for need in needs for service in need.missing(there)})
