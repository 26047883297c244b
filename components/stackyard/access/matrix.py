"""Who can do what on which path, computed from the compiled documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stackyard.access.evaluator import Decision, Request, decide, decide_through
from stackyard.access.grants import AccessPoint, Compiled, Place
from stackyard.datasets.bucket_policies import bucket_policy
from stackyard.datasets.config import DatasetConfig
from stackyard.datasets.layout import DVC_DIRECTORY, bucket_arn, prefix

Verb = Literal["list", "read", "write", "delete", "erase"]
"""`delete` can be undone until retention removes the version; `erase` removes it for good."""

ACTIONS: Mapping[Verb, str] = {
    "list": "s3:ListBucket",
    "read": "s3:GetObject",
    "write": "s3:PutObject",
    "delete": "s3:DeleteObject",
    "erase": "s3:DeleteObjectVersion",
}
"""The S3 action that stands for each verb."""

ELSEWHERE = "*"
"""Everything in a bucket that lies in no declared directory."""

PROBE = "stackyard-probe"
"""Name of the object that is asked for, in each directory."""


@dataclass(frozen=True)
class Cell:
    """One answer: who, where, what, and why."""

    who: str
    dataset: str
    directory: str
    verb: Verb
    decision: Decision


def matrix(
    documents: Compiled, datasets: Mapping[str, DatasetConfig], place: Place
) -> Iterator[Cell]:
    """Yield the answer for each role, dataset, directory and verb."""
    for name, dataset in datasets.items():
        bucket = place.buckets[name]
        key = place.key_arns["personal" if dataset.kind == "personal" else "data"]
        policy = bucket_policy(bucket, key, documents.bucket_statements[name])
        for who, role in documents.roles.items():
            for directory in paths(dataset):
                for verb in ACTIONS:
                    asked = request(role.arn, verb, bucket_arn(bucket), directory)
                    yield Cell(who, name, directory, verb, decide(asked, role.policy, policy))


def through_access_point(
    documents: Compiled, point: AccessPoint, verb: Verb, directory: str, key_arn: str
) -> Decision:
    """Return the answer for a request through an access point, by the role that it is for."""
    role = documents.roles[point.who]
    asked = request(role.arn, verb, "", directory)
    policy = bucket_policy(point.bucket, key_arn, documents.bucket_statements[point.dataset])
    inside = Request(role.arn, asked.action, asked.resource.removeprefix("/"), asked.context)
    doors: tuple[tuple[str, Any], tuple[str, Any]] = (
        (point.arn, point.policy),
        (bucket_arn(point.bucket), policy),
    )
    return decide_through(inside, role.policy, *doors)


def paths(dataset: DatasetConfig) -> list[str]:
    """Return the directories to ask about: the declared ones, the DVC remote, and the rest."""
    return [*dataset.directories, *([DVC_DIRECTORY] if dataset.dvc else []), ELSEWHERE]


def request(role: str, verb: Verb, bucket: str, directory: str) -> Request:
    """Return the request that stands for a cell; a list of `*` names no prefix at all."""
    below = "" if directory == ELSEWHERE else prefix(directory)
    if verb == "list":
        return Request(role, ACTIONS[verb], bucket, {"s3:prefix": below} if below else {})
    return Request(role, ACTIONS[verb], f"{bucket}/{below}{PROBE}")
