"""Rules about buckets, file systems and databases: encryption, exposure, transport, versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from stackyard_policies.rule import Settings, Subject, companions, resource_rule, stack_rule

BUCKET = "aws:s3/bucket:Bucket"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
LOGGING = "aws:s3/bucketLogging:BucketLogging"


def _without(subjects: list[Subject], companion: str) -> Iterator[Subject]:
    owned = companions(subjects, companion, "bucket")
    for subject in subjects:
        if subject.type == BUCKET and subject.urn not in owned:
            yield subject


def _log_targets(subjects: list[Subject]) -> set[str]:
    """Return the URNs of buckets that receive access logs, named directly or by their policy."""
    named = companions(subjects, LOGGING, "targetBucket")
    through = [s.links.get("bucket", ()) for s in subjects if s.urn in named and s.type != BUCKET]
    return named.union(*through)


@stack_rule("storage-bucket-encrypted", BUCKET, fix="add a server-side encryption configuration")
def bucket_encrypted(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every bucket names its KMS key, so that the key's policy can deny reads.

    Buckets that receive server access logs are left out, as S3 cannot write there under a KMS key:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
    """
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    for subject in _without(subjects, kind):
        yield subject.urn, f"bucket `{subject.name}` has no encryption configuration"
    logs = _log_targets(subjects)
    for subject in subjects:
        if subject.type == kind and not logs & set(subject.links.get("bucket", ())):
            path = "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm"
            algorithm = subject.value(path)
            if algorithm not in ("aws:kms", "aws:kms:dsse"):
                yield subject.urn, f"`{subject.name}` encrypts by {algorithm!r}, not by KMS"


@stack_rule("storage-bucket-not-public", BUCKET, fix="block all four kinds of public access")
def bucket_not_public(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every bucket blocks public access, all four flags.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html.
    """
    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    for subject in _without(subjects, kind):
        yield subject.urn, f"bucket `{subject.name}` has no public access block"
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    for subject in subjects:
        off = [flag for flag in flags if subject.value(flag) is not True]
        if subject.type == kind and off:
            yield subject.urn, f"`{subject.name}` leaves {', '.join(off)} off"


@stack_rule("storage-bucket-tls-only", BUCKET, fix="deny requests without aws:SecureTransport")
def bucket_tls_only(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every bucket denies requests that do not come over TLS."""
    for subject in _without(subjects, POLICY):
        yield subject.urn, f"bucket `{subject.name}` has no policy that denies plain HTTP"
    for subject in subjects:
        if subject.type == POLICY and not _denies_plain_http(subject.value("policy", "{}")):
            yield subject.urn, f"`{subject.name}` does not deny plain HTTP"


def _denies_plain_http(text: str | Mapping[str, Any]) -> bool:
    document = json.loads(text) if isinstance(text, str) else text
    for statement in document.get("Statement", []):
        secure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        if statement.get("Effect") == "Deny" and str(secure).lower() == "false":
            return True
    return False


@stack_rule("storage-bucket-versioned", BUCKET, fix="add a versioning configuration")
def bucket_versioned(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every bucket keeps versions, so that an overwritten dataset can be restored."""
    for subject in _without(subjects, "aws:s3/bucketVersioning:BucketVersioning"):
        yield subject.urn, f"bucket `{subject.name}` has no versioning"


@resource_rule(
    "storage-at-rest-encrypted",
    "aws:efs/fileSystem:FileSystem",
    "aws:rds/instance:Instance",
    "aws:ebs/volume:Volume",
    fix="set `encrypted` or `storageEncrypted`, and name a KMS key",
)
def at_rest_encrypted(subject: Subject, settings: Settings) -> Iterator[str]:
    """File systems, databases and volumes are encrypted at rest."""
    key = "storageEncrypted" if subject.type.startswith("aws:rds") else "encrypted"
    if subject.value(key) is not True:
        yield f"`{subject.name}` has `{key}` {subject.value(key)!r}"


@resource_rule(
    "storage-database-private", "aws:rds/instance:Instance", fix="set publiclyAccessible to false"
)
def database_private(subject: Subject, settings: Settings) -> Iterator[str]:
    """No database has a public address."""
    if subject.value("publiclyAccessible") is True:
        yield f"`{subject.name}` is publicly accessible"


RULES = (
    bucket_encrypted,
    bucket_not_public,
    bucket_tls_only,
    bucket_versioned,
    at_rest_encrypted,
    database_private,
)
