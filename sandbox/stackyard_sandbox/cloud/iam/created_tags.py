"""The right to tag, which IAM asks for as well when a request creates a resource with tags.

Each service has a page in https://docs.aws.amazon.com/service-authorization/latest/reference/. The
form that EC2 has for it is in `instance_requests`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

TAGGING: Mapping[str, tuple[str, ...]] = {
    "aps:TagResource": ("CreateRuleGroupsNamespace", "CreateWorkspace"),
    "cloudtrail:AddTags": ("CreateTrail",),
    "cloudwatch:TagResource": ("PutMetricAlarm",),
    "ecr:TagResource": ("CreateRepository",),
    "eks:TagResource": (
        *("CreateAccessEntry", "CreateAddon", "CreateCluster", "CreateNodegroup"),
        "CreatePodIdentityAssociation",
    ),
    "elasticfilesystem:TagResource": ("CreateAccessPoint", "CreateFileSystem"),
    "events:TagResource": ("PutRule",),
    "iam:TagInstanceProfile": ("CreateInstanceProfile",),
    "iam:TagOpenIDConnectProvider": ("CreateOpenIDConnectProvider",),
    "iam:TagPolicy": ("CreatePolicy",),
    "iam:TagRole": ("CreateRole",),
    "kms:TagResource": ("CreateKey",),
    "lambda:TagResource": ("CreateFunction",),
    "logs:TagResource": ("CreateLogGroup",),
    "rds:AddTagsToResource": (
        *("CreateDBInstance", "CreateDBParameterGroup", "CreateDBSubnetGroup"),
    ),
    "sagemaker:AddTags": (
        *("CreateAutoMLJobV2", "CreateHyperParameterTuningJob", "CreateTrainingJob"),
    ),
    "secretsmanager:TagResource": ("CreateSecret",),
    "signer:TagResource": ("PutSigningProfile",),
    "sns:TagResource": ("CreateTopic",),
    "sqs:TagQueue": ("CreateQueue",),
    "states:TagResource": ("CreateStateMachine",),
}
"""The action that IAM checks, and the creating operations of its service."""

_BY_CREATION = {
    f"{tagging.partition(':')[0]}:{operation}": tagging
    for tagging, operations in TAGGING.items()
    for operation in operations
}


def tagging(action: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the action with which a request tags what it creates."""
    if action in _BY_CREATION and any(
        name.lower().startswith(("tags", "tag.")) and value for name, value in fields.items()
    ):
        yield _BY_CREATION[action]
