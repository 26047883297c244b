"""Compiles the grants of a project to all documents that enforce them."""

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
"""Maximum length of a name,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-access-points.html."""

EVERY = "*"


@dataclass(frozen=True)
class GrantContext:
    """The names and ARNs of a project, to compile its grants with."""

    stack: StackId
    account: str
    region: str
    cluster: str
    """Name of the EKS cluster."""

    buckets: Mapping[str, str]
    """Name of the bucket by dataset."""

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
    """An IAM role: its trust policy and its permissions."""

    name: str
    arn: str
    description: str
    trust: dict[str, Any]
    policy: dict[str, Any]
    session_seconds: int


@dataclass(frozen=True)
class AccessPoint:
    """An S3 access point to some directories of one bucket, for one role."""

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
    """Roles by audience or workload."""

    access_points: dict[str, AccessPoint]
    """Access points by `WHO-DATASET`."""

    bucket_statements: dict[str, list[iam.Statement]]
    """Statements for the bucket's policy, by dataset."""


def compiled(
    access: AccessConfig, datasets: Mapping[str, DatasetConfig], context: GrantContext
) -> Compiled:
    """Return the documents; the configs must have passed the blueprint's cross-checks."""
    points = {
        f"{who}-{dataset}": _access_point(who, dataset, names, context)
        for who, grants in access.grants.items()
        for dataset, names in grants.directories.items()
    }
    roles = {
        who: _role(who, grants, datasets, points, context) for who, grants in access.grants.items()
    }
    joined = {dataset: _bucket_statements(dataset, access, points, context) for dataset in datasets}
    return Compiled(roles, points, joined)


def granted(grants: GrantsConfig, datasets: Sequence[str]) -> dict[str, bool]:
    """Return the datasets that are granted as a whole, each with whether writing is allowed.

    An entry by name takes precedence over `*`.
    """
    every = grants.datasets.get(EVERY)
    levels = {name: grants.datasets.get(name, every) for name in datasets}
    return {name: level == "write" for name, level in levels.items() if level is not None}


def sid(*names: str) -> str:
    """Return a statement id, which may contain letters and digits only."""
    return "".join(part.capitalize() for name in names for part in name.split("-"))


def _role(
    who: str,
    grants: GrantsConfig,
    datasets: Mapping[str, DatasetConfig],
    points: Mapping[str, AccessPoint],
    context: GrantContext,
) -> Role:
    name = role_name(context.stack, who)
    audience = grants if isinstance(grants, AudienceConfig) else None
    return Role(
        name=name,
        arn=role_arn(context.stack, context.location, who),
        description=f"{context.stack}: {who}",
        trust=trust(audience, context.region) if audience else _pods_of(who, context),
        policy=iam.document(*_allowed(who, grants, datasets, points, context)),
        session_seconds=3600 * (audience.session_hours if audience else 1),
    )


def trust(audience: AudienceConfig, region: str) -> dict[str, Any]:
    """Return a trust policy with accounts as principals, and a condition for the named people.

    A principal that is a role must exist, and IAM binds the trust to its unique id: the same role,
    deleted and created again, would have no access. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
    """
    roots = sorted({arn.split(":")[4] for arn in audience.trusted})
    named = sorted(arn for arn in audience.trusted if not arn.endswith(":root"))
    whole = sorted(arn for arn in audience.trusted if arn.endswith(":root"))
    external_id = (
        {"StringEquals": {"sts:ExternalId": audience.external_id}} if audience.external_id else {}
    )
    allowed = []
    if named:
        accounts = [AwsLocation(one, region).global_arn("iam", "root") for one in roots]
        people = {"ArnLike": {"aws:PrincipalArn": named}, **external_id}
        allowed.append(_assume("AssumeByName", accounts, people))
    if whole:
        allowed.append(_assume("AssumeByAccount", whole, external_id))
    return iam.document(*allowed)


def _pods_of(account: str, context: GrantContext) -> dict[str, Any]:
    """Return a trust policy for the pods of one service account of the project's namespace only."""
    arn = cluster_arn(region=context.region, account=context.account, cluster_name=context.cluster)
    return pod_trust(arn=arn, namespace=namespace_name(context.stack), service_account=account)


def _assume(name: str, accounts: list[str], conditions: Mapping[str, Any]) -> iam.Statement:
    who = {"AWS": accounts}
    return iam.statement(name, ("sts:AssumeRole",), (), principals=who, conditions=conditions)


def _allowed(
    who: str,
    grants: GrantsConfig,
    datasets: Mapping[str, DatasetConfig],
    points: Mapping[str, AccessPoint],
    context: GrantContext,
) -> list[iam.Statement]:
    whole = granted(grants, list(datasets))
    allowed = [
        *statements.datasets(
            "ReadDatasets", [context.bucket_arn(d) for d, w in whole.items() if not w], write=False
        ),
        *statements.datasets(
            "WriteDatasets", [context.bucket_arn(d) for d, w in whole.items() if w], write=True
        ),
    ]
    for dataset, names in grants.directories.items():
        bucket, point = context.bucket_arn(dataset), points[f"{who}-{dataset}"]
        roots = [(bucket, bucket), (point.arn, f"{point.arn}/object")]
        allowed += statements.directories(sid("use", dataset), roots, names)
    used: dict[str, set[str]] = {}
    for dataset in {*whole, *grants.directories}:
        key = context.key_arns[datasets[dataset].key]
        used.setdefault(key, set()).add(context.bucket_arn(dataset))
    allowed += statements.keys(used, context.region)
    return [*allowed, *_beyond_data(who, context)]


def _beyond_data(who: str, context: GrantContext) -> list[iam.Statement]:
    """Return permissions beside data: on the cluster, and on settings of buckets for auditors."""
    allowed = []
    if who in RULES:
        cluster = cluster_arn(
            region=context.region, account=context.account, cluster_name=context.cluster
        )
        allowed.append(iam.statement("ReachCluster", ("eks:DescribeCluster",), (cluster,)))
    if who == "auditor":
        logs = bucket_arn(context.log_bucket, context.region)
        buckets = sorted([*map(context.bucket_arn, context.buckets), logs])
        allowed.append(iam.statement("ReadSetup", statements.AUDIT, buckets))
        allowed += statements.datasets("ReadAccessLogs", [logs], write=False)
    return allowed


def _access_point(
    who: str, dataset: str, names: Sequence[str], context: GrantContext
) -> AccessPoint:
    name = fitted(f"{context.stack.slug}-{dataset}-{who}", ACCESS_POINT_LIMIT)
    arn = context.location.arn("s3", f"accesspoint/{name}")
    role = role_arn(context.stack, context.location, who)
    allowed = statements.directories(
        sid("use", dataset), [(arn, f"{arn}/object")], names, role=role
    )
    policy = iam.document(*allowed)
    return AccessPoint(name, arn, context.buckets[dataset], who, dataset, policy)


def _bucket_statements(
    dataset: str, access: AccessConfig, points: Mapping[str, AccessPoint], context: GrantContext
) -> list[iam.Statement]:
    bucket = context.bucket_arn(dataset)
    result = []
    access_points = [point.arn for point in points.values() if point.dataset == dataset]
    if access_points:
        result.append(statements.delegation(bucket, access_points))
    for who, audience in sorted(access.audiences.items()):
        if who in OUTSIDE:
            role = role_arn(context.stack, context.location, who)
            names = audience.directories.get(dataset, [])
            result += statements.deny_outside(sid(who), role, bucket, names)
    return result
