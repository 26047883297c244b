"""Location of AWS resources: account, region and partition, and their ARNs and host names.

AWS partitions are isolated from each other; the region decides the partition. Source:
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
    """AWS account id (12 digits)."""

    region: str
    """The AWS region, for example `eu-central-1`."""

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """Return the ARN of a resource before it exists; `region` is another region, or `*`."""
        where = region or self.region
        return f"arn:{partition_of(self.region)}:{service}:{where}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """Return the ARN of a global resource of the account, such as an IAM role."""
        return f"arn:{partition_of(self.region)}:{service}::{self.account}:{resource}"


def partition_of(region: str) -> Partition:
    """Return the partition of a region."""
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws-cn" if region.startswith("cn-") else "aws"


def dns_suffix(region: str) -> str:
    """Return the domain of AWS's endpoints in a region."""
    return "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"


def endpoint(service: str, region: str) -> str:
    """Return the host name of a service in a region, as in the IAM condition `kms:ViaService`.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html.
    """
    return f"{service}.{region}.{dns_suffix(region)}"


def managed_policy_arn(policy: str, region: str) -> str:
    """Return the ARN of a policy that AWS maintains, given its path and name."""
    return f"arn:{partition_of(region)}:iam::aws:policy/{policy}"
