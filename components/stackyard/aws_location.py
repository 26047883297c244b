"""Where AWS resources are: account, region and partition, and the ARNs and host names they give.

AWS has partitions without any connection between them; the region decides which one it is. Source:
https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Partition = Literal["aws", "aws-us-gov", "aws-cn"]


@dataclass(frozen=True)
class AwsLocation:
    """One account in one region."""

    account: str
    """The AWS account (12 digits)."""

    region: str
    """The AWS region, for example `eu-central-1`."""

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """Return the ARN of a resource before it exists; `region` is another one, or `*`."""
        where = region or self.region
        return f"arn:{partition_of(self.region)}:{service}:{where}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource that the whole account has, such as an IAM role."""
        return f"arn:{partition_of(self.region)}:{service}::{self.account}:{resource}"


def partition_of(region: str) -> Partition:
    """Return the partition that a region belongs to."""
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws-cn" if region.startswith("cn-") else "aws"


def dns_suffix(region: str) -> str:
    """Return the domain that AWS's endpoints of a region are in."""
    return "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"


def endpoint(service: str, region: str) -> str:
    """Return the host name of a service in a region, as in the IAM condition `kms:ViaService`.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html.
    """
    return f"{service}.{region}.{dns_suffix(region)}"


def managed_policy_arn(policy: str, region: str) -> str:
    """Return the ARN of a policy that AWS maintains, given its path and name."""
    return f"arn:{partition_of(region)}:iam::aws:policy/{policy}"
