"""The compiler: from the grants of a project to every document that enforces them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard import iam
from stackyard.access.config import OUTSIDE, AccessConfig, AudienceConfig, GrantsConfig
from stackyard.aws_location import AwsLocation
from stackyard.bucket import statements
from stackyard.bucket.layout import bucket_arn
from stackyard.cluster.access import cluster_arn, pod_trust
from stackyard.datasets.config import DatasetConfig
from stackyard.namespace.rbac import RULES
from stackyard.naming import StackId, fitted, namespace_name, role_arn, role_name

ACCESS_POINT_LIMIT = 50
"""Longest name, https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-access-points.html."""

EVERY = "*"


@dataclass(frozen=True)
class Place:
    """Where a project stands, as far as documents name it."""

    stack: StackId
    account: str
    region: str
    cluster: str
    """Name of the EKS cluster."""

    buckets: Mapping[str, str]
    """Bucket by dataset."""

    log_bucket: str
    """The bucket of the access logs."""

    key_arns: Mapping[str, str]
    """KMS key ARN by purpose, `data` and `personal`."""

    @property
    def location(self) -> AwsLocation:
        """Account and region."""
        return AwsLocation(self.account, self.region)

    def bucket_arn(self, dataset: str) -> str:
        """Return the ARN of a dataset's bucket."""
        return bucket_arn(self.buckets[dataset], self.region)


@dataclass(frozen=True)
class Role:
    """An IAM role: who may take it, and what it may do."""

    name: str
    arn: str
    description: str
    trust: dict[str, Any]
    policy: dict[str, Any]
    session_seconds: int


@dataclass(frozen=True)
class AccessPoint:
    """An S3 access point: a door to a few directories of one bucket, for one role."""

    name: str
    arn: str
    bucket: str
    who: str
    dataset: str
    policy: dict[str, Any]


@dataclass(frozen=True)
class Compiled:
    """All documents of a project."""

    roles: dict[str, Role]
    """By audience or workload."""

    access_points: dict[str, AccessPoint]
    """By `WHO-DATASET`."""

    bucket_statements: dict[str, list[iam.Statement]]
    """What joins the bucket's policy, by dataset."""


def compiled(access: AccessConfig, datasets: Mapping[str, DatasetConfig], place: Place) -> Compiled:
    """Return the documents; the configs must have passed the blueprint's cross-checks."""
    points = {
        f"{who}-{dataset}": _access_point(who, dataset, names, place)
        for who, grants in access.grants.items()
        for dataset, names in grants.directories.items()
    }
    roles = {
        who: _role(who, grants, datasets, points, place) for who, grants in access.grants.items()
    }
    joined = {dataset: _bucket_statements(dataset, access, points, place) for dataset in datasets}
    return Compiled(roles, points, joined)


def granted(grants: GrantsConfig, datasets: Sequence[str]) -> dict[str, bool]:
    """Return the datasets that are granted as a whole, each with whether it may be written.

    An entry by name goes before `*`.
    """
    every = grants.datasets.get(EVERY)
    levels = {name: grants.datasets.get(name, every) for name in datasets}
    return {name: level == "write" for name, level in levels.items() if level is not None}


def sid(*words: str) -> str:
    """Return a statement id, which may hold letters and digits only."""
    return "".join(part.capitalize() for word in words for part in word.split("-"))


def _role(
    who: str,
    grants: GrantsConfig,
    datasets: Mapping[str, DatasetConfig],
    points: Mapping[str, AccessPoint],
    place: Place,
) -> Role:
    name = role_name(place.stack, who)
    audience = grants if isinstance(grants, AudienceConfig) else None
    return Role(
        name=name,
        arn=role_arn(place.stack, place.location, who),
        description=f"{place.stack}: {who}",
        trust=_trust(audience, place) if audience else _pods_of(who, place),
        policy=iam.document(*_allowed(who, grants, datasets, points, place)),
        session_seconds=3600 * (audience.session_hours if audience else 1),
    )


def _trust(audience: AudienceConfig, place: Place) -> dict[str, Any]:
    """Name accounts as principals and people by condition.

    A principal that is a role must exist, and IAM ties the trust to its unique id: a role that is
    made anew would be locked out. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
    """
    roots = sorted({arn.split(":")[4] for arn in audience.trusted})
    named = sorted(arn for arn in audience.trusted if not arn.endswith(":root"))
    whole = sorted(arn for arn in audience.trusted if arn.endswith(":root"))
    says = (
        {"StringEquals": {"sts:ExternalId": audience.external_id}} if audience.external_id else {}
    )
    found = []
    if named:
        accounts = [AwsLocation(one, place.region).global_arn("iam", "root") for one in roots]
        people = {"ArnLike": {"aws:PrincipalArn": named}, **says}
        found.append(_assume("AssumeByName", accounts, people))
    if whole:
        found.append(_assume("AssumeByAccount", whole, says))
    return iam.document(*found)


def _pods_of(account: str, place: Place) -> dict[str, Any]:
    """Trust the pods of one service account of the project's namespace, and no others."""
    arn = cluster_arn(region=place.region, account=place.account, cluster_name=place.cluster)
    return pod_trust(arn=arn, namespace=namespace_name(place.stack), service_account=account)


def _assume(name: str, accounts: list[str], conditions: Mapping[str, Any]) -> iam.Statement:
    who = {"AWS": accounts}
    return iam.statement(name, ("sts:AssumeRole",), (), principals=who, conditions=conditions)


def _allowed(
    who: str,
    grants: GrantsConfig,
    datasets: Mapping[str, DatasetConfig],
    points: Mapping[str, AccessPoint],
    place: Place,
) -> list[iam.Statement]:
    whole = granted(grants, list(datasets))
    found = [
        *statements.datasets(
            "ReadDatasets", [place.bucket_arn(d) for d, w in whole.items() if not w], write=False
        ),
        *statements.datasets(
            "WriteDatasets", [place.bucket_arn(d) for d, w in whole.items() if w], write=True
        ),
    ]
    for dataset, names in grants.directories.items():
        bucket, point = place.bucket_arn(dataset), points[f"{who}-{dataset}"]
        roots = [(bucket, bucket), (point.arn, f"{point.arn}/object")]
        found += statements.directories(sid("use", dataset), roots, names)
    used: dict[str, set[str]] = {}
    for dataset in {*whole, *grants.directories}:
        key = place.key_arns[datasets[dataset].key]
        used.setdefault(key, set()).add(place.bucket_arn(dataset))
    found += statements.keys(used, place.region)
    return [*found, *_beyond_data(who, place)]


def _beyond_data(who: str, place: Place) -> list[iam.Statement]:
    """Return what an audience needs beside data: the way into the cluster, a look at the setup."""
    found = []
    if who in RULES:
        cluster = cluster_arn(
            region=place.region, account=place.account, cluster_name=place.cluster
        )
        found.append(iam.statement("ReachCluster", ("eks:DescribeCluster",), (cluster,)))
    if who == "auditor":
        logs = bucket_arn(place.log_bucket, place.region)
        buckets = sorted([*map(place.bucket_arn, place.buckets), logs])
        found.append(iam.statement("ReadSetup", statements.AUDIT, buckets))
        found += statements.datasets("ReadAccessLogs", [logs], write=False)
    return found


def _access_point(who: str, dataset: str, names: Sequence[str], place: Place) -> AccessPoint:
    name = fitted(f"{place.stack.slug}-{dataset}-{who}", ACCESS_POINT_LIMIT)
    arn = place.location.arn("s3", f"accesspoint/{name}")
    role = role_arn(place.stack, place.location, who)
    allowed = statements.directories(
        sid("use", dataset), [(arn, f"{arn}/object")], names, principal=role
    )
    policy = iam.document(*allowed)
    return AccessPoint(name, arn, place.buckets[dataset], who, dataset, policy)


def _bucket_statements(
    dataset: str, access: AccessConfig, points: Mapping[str, AccessPoint], place: Place
) -> list[iam.Statement]:
    bucket = place.bucket_arn(dataset)
    found = []
    doors = [point.arn for point in points.values() if point.dataset == dataset]
    if doors:
        found.append(statements.delegation(bucket, doors))
    for who, audience in sorted(access.audiences.items()):
        if who in OUTSIDE:
            role = role_arn(place.stack, place.location, who)
            names = audience.directories.get(dataset, [])
            found += statements.fence(sid(who), role, bucket, names)
    return found
