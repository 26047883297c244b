"""Largest documents that AWS takes: policies, patterns, definitions.

IAM does not count white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
The others count what they get. CodeBuild documents no limit of a buildspec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRUST = 2_048
"""Characters of a role's trust policy, unless a quota is raised."""

INLINE = 10_240
"""Characters of all inline policies of one role together."""

MANAGED = 6_144
"""Characters of one managed policy."""

ATTACHED = 10
"""Managed policies of one role, unless a quota is raised."""


@dataclass(frozen=True)
class Limit:
    """The largest document of one property of a resource."""

    field: str
    """The property, dotted."""

    most: int
    what: str
    """The kind of document."""

    blanks: bool = True
    """Whether white space of a JSON document counts."""


LIMITS: Mapping[str, Limit] = {
    "aws:iam/role:Role": Limit("assumeRolePolicy", TRUST, "a trust policy", blanks=False),
    "aws:iam/policy:Policy": Limit("policy", MANAGED, "a managed policy", blanks=False),
    "aws:s3/bucketPolicy:BucketPolicy": Limit("policy", 20_480, "a bucket policy"),
    "aws:s3/accessPoint:AccessPoint": Limit("policy", 20_480, "an access point's policy"),
    "aws:kms/key:Key": Limit("policy", 32_768, "a key policy"),
    "aws:sns/topicPolicy:TopicPolicy": Limit("policy", 30_720, "a topic policy"),
    "aws:sqs/queuePolicy:QueuePolicy": Limit("policy", 8_192, "a queue policy"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Limit("policy", 10_240, "a repository policy"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Limit("policy", 30_720, "a lifecycle policy"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": Limit("policy", 20_000, "a file system policy"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": Limit("policy", 20_480, "a secret's policy"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Limit("pattern", 1_024, "a filter pattern"),
    "aws:cloudwatch/eventRule:EventRule": Limit("eventPattern", 2_048, "an event pattern"),
    "aws:sfn/stateMachine:StateMachine": Limit("definition", 1_048_576, "a definition"),
}
"""Limits by type of resource. Sources, where botocore's models have none:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html (20 KB),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-restrictions-limitations.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html and
https://docs.aws.amazon.com/general/latest/gr/sns.html (30 KB),
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html."""


def size(document: str | Mapping[str, Any], *, blanks: bool = True) -> int:
    """Return how large AWS finds a document, in characters of UTF-8."""
    if isinstance(document, str) and not blanks:
        document = json.loads(document)
    if not isinstance(document, str):
        document = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(document.encode())
