"""The access matrix: each role's access to each path, computed from the compiled documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stackyard.access.evaluator import Decision, Request, decide, decide_key, decide_through
from stackyard.access.grants import AccessPoint, Compiled, GrantContext, Role
from stackyard.aws_location import endpoint
from stackyard.bucket.layout import DVC_DIRECTORY, LAKEFS_DIRECTORY, bucket_arn, prefix
from stackyard.bucket.policies import bucket_policy
from stackyard.datasets.config import DatasetConfig
from stackyard.vault.key_policies import key_policy

Verb = Literal["list", "read", "write", "delete", "erase"]
"""`delete` can be undone until retention removes the version; `erase` is permanent."""

ACTIONS: Mapping[Verb, str] = {
    "list": "s3:ListBucket",
    "read": "s3:GetObject",
    "write": "s3:PutObject",
    "delete": "s3:DeleteObject",
    "erase": "s3:DeleteObjectVersion",
}
"""The S3 action that represents each verb."""

KEY_ACTIONS: Mapping[Verb, str] = {"read": "kms:Decrypt", "write": "kms:GenerateDataKey"}
"""Actions of S3 on a bucket's key, as the identity that sends the request. Source:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html."""

ELSEWHERE = "*"
"""All objects of a bucket outside of the declared directories."""

PROBE = "stackyard-probe"
"""Name of the object in each request, in each directory."""


@dataclass(frozen=True)
class Cell:
    """One result: role, dataset, directory, verb, and the decision."""

    who: str
    dataset: str
    directory: str
    verb: Verb
    decision: Decision


@dataclass(frozen=True)
class Holder:
    """A role beside the audiences and workloads that has permissions on the data."""

    arn: str
    policy: dict[str, Any]


@dataclass(frozen=True)
class Key:
    """The KMS key of a dataset: its ARN and its policy."""

    arn: str
    policy: dict[str, Any]


def key_of(dataset: DatasetConfig, context: GrantContext) -> Key:
    """Return the KMS key that encrypts a dataset's objects.

    The administrators that its policy names cannot decrypt with it, so they are omitted.
    """
    policy = key_policy(dataset.key, account=context.account, region=context.region, admins=())
    return Key(context.key_arns[dataset.key], policy)


def matrix(
    documents: Compiled,
    datasets: Mapping[str, DatasetConfig],
    context: GrantContext,
    others: Mapping[str, Holder] | None = None,
) -> Iterator[Cell]:
    """Yield the decision for each role, dataset, directory and verb; `others` are further roles."""
    roles: dict[str, Role | Holder] = {**documents.roles, **(others or {})}
    for name, dataset in datasets.items():
        bucket, key = context.bucket_arn(name), key_of(dataset, context)
        policy = bucket_policy(bucket, key.arn, documents.bucket_statements[name])
        for who, role in roles.items():
            for directory in paths(dataset):
                for verb in ACTIONS:
                    attempt = request(role.arn, verb, bucket, directory)
                    decision = decide(attempt, role.policy, policy)
                    decision = _with_key(decision, verb, role, bucket, key)
                    yield Cell(who, name, directory, verb, decision)


def through_access_point(
    documents: Compiled, point: AccessPoint, verb: Verb, directory: str, key: Key
) -> Decision:
    """Return the decision about a request through the access point of the role."""
    role = documents.roles[point.who]
    attempt = request(role.arn, verb, "", directory)
    bucket = bucket_arn(point.bucket, _region(key))
    policy = bucket_policy(bucket, key.arn, documents.bucket_statements[point.dataset])
    inside = Request(role.arn, attempt.action, attempt.resource.removeprefix("/"), attempt.context)
    policies: tuple[tuple[str, Any], tuple[str, Any]] = (
        (point.arn, point.policy),
        (bucket, policy),
    )
    decision = decide_through(inside, role.policy, *policies)
    return _with_key(decision, verb, role, bucket, key)


def _with_key(
    decision: Decision, verb: Verb, role: Role | Holder, bucket: str, key: Key
) -> Decision:
    """Return the decision about a request that S3 allows: it also needs the use of the key."""
    if not decision.allowed or verb not in KEY_ACTIONS:
        return decision
    through = {
        "kms:ViaService": endpoint("s3", _region(key)),
        "kms:EncryptionContext:aws:s3:arn": bucket,
    }
    use = Request(role.arn, KEY_ACTIONS[verb], key.arn, through)
    opened = decide_key(use, role.policy, key.policy)
    return decision if opened.allowed else opened


def _region(key: Key) -> str:
    """Return the region of a key, which is also the region of its buckets."""
    return key.arn.split(":")[3]


def paths(dataset: DatasetConfig) -> list[str]:
    """Return the directories of the matrix: declared, of the DVC remote, of lakeFS, and `*`."""
    tools = {DVC_DIRECTORY: dataset.dvc, LAKEFS_DIRECTORY: dataset.branching is not None}
    return [*dataset.directories, *(name for name, used in tools.items() if used), ELSEWHERE]


def request(role: str, verb: Verb, bucket: str, directory: str) -> Request:
    """Return the request that represents a cell; a list of `*` has no prefix."""
    below = "" if directory == ELSEWHERE else prefix(directory)
    if verb == "list":
        return Request(role, ACTIONS[verb], bucket, {"s3:prefix": below} if below else {})
    return Request(role, ACTIONS[verb], f"{bucket}/{below}{PROBE}")
