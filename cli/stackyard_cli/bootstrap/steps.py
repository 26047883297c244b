"""The steps of a bootstrap: each compares one setting of the account, and corrects it."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from stackyard_cli.bootstrap import policies
from stackyard_cli.bootstrap.context import OURS, AccountContext

Status = Literal["ok", "missing", "different"]
Clients = Callable[[str], Any]

NONCURRENT_DAYS = 90
"""Days for which former versions of the state are kept: long enough to notice damage."""


@dataclass(frozen=True)
class Step:
    """One setting of the account, with its comparison and its correction."""

    what: str
    name: str
    look: Callable[[], Status]
    make: Callable[[], None]


def key_steps(clients: Clients, alias: str) -> Iterator[Step]:
    """Return the steps for the key of the state, with rotation."""
    kms = clients("kms")

    def key_id() -> str | None:
        known: str | None = or_none(lambda: kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"])
        return known

    def make() -> None:
        tags = [{"TagKey": key, "TagValue": value} for key, value in OURS.items()]
        made = kms.create_key(Description="State of Stackyard", Tags=tags)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=made)

    def rotates() -> Status:
        key = key_id()
        if key is None:
            return "missing"
        status = kms.get_key_rotation_status(KeyId=key)
        return "ok" if status["KeyRotationEnabled"] else "different"

    yield Step("key", alias, lambda: "ok" if key_id() else "missing", make)
    yield Step("rotation", alias, rotates, lambda: kms.enable_key_rotation(KeyId=key_id()))


def described_key(clients: Clients, alias: str) -> str | None:
    """Return the ARN of the key of an alias; None if there is none."""
    arn: str | None = or_none(
        lambda: clients("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    )
    return arn


def bucket_steps(clients: Clients, context: AccountContext) -> Iterator[Step]:
    """Return the steps for the state bucket."""
    s3 = clients("s3")
    name = {"Bucket": context.bucket}

    def make() -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": context.region}}
        s3.create_bucket(**name, **({} if context.region == "us-east-1" else where))

    def exists() -> Status:
        return "ok" if or_none(lambda: s3.head_bucket(**name)) is not None else "missing"

    yield Step("bucket", context.bucket, exists, make)
    for what, get, put, key, wanted in _settings(s3, context):
        yield _setting(what, context.bucket, get, put, key, wanted)
    text = json.dumps(policies.state_bucket(context), sort_keys=True)
    yield Step(
        "bucket policy",
        context.bucket,
        compared(lambda: json.loads(s3.get_bucket_policy(**name)["Policy"]), json.loads(text)),
        lambda: s3.put_bucket_policy(**name, Policy=text),
    )
    yield _versioning(s3, context.bucket)
    yield _expiry(s3, context.bucket)


def _setting(what: str, bucket: str, get: Any, put: Any, key: str, wanted: Any) -> Step:
    look = compared(lambda: get(Bucket=bucket)[key], wanted, same=includes)
    return Step(what, bucket, look, lambda: put(Bucket=bucket, **{key: wanted}))


def _settings(
    s3: Any, context: AccountContext
) -> Iterator[tuple[str, Any, Any, str, dict[str, Any]]]:
    rule = {
        "ApplyServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": context.key_arn,
        },
        "BucketKeyEnabled": True,
    }
    flags = (
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    )
    yield (
        "no public access",
        s3.get_public_access_block,
        s3.put_public_access_block,
        "PublicAccessBlockConfiguration",
        dict.fromkeys(flags, True),
    )
    yield (
        "encryption",
        s3.get_bucket_encryption,
        s3.put_bucket_encryption,
        "ServerSideEncryptionConfiguration",
        {"Rules": [rule]},
    )
    yield (
        "owner of objects",
        s3.get_bucket_ownership_controls,
        s3.put_bucket_ownership_controls,
        "OwnershipControls",
        {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    )


def _versioning(s3: Any, bucket: str) -> Step:
    wanted = {"Status": "Enabled"}

    def make() -> None:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=wanted)

    def look() -> Status:
        current = or_none(lambda: s3.get_bucket_versioning(Bucket=bucket))
        if current is None:
            return "missing"
        return "ok" if current.get("Status") == "Enabled" else "different"

    return Step("versions", bucket, look, make)


def _expiry(s3: Any, bucket: str) -> Step:
    rule = {
        "ID": "former-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }

    def make() -> None:
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
        )

    def rules() -> Any:
        return s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]

    return Step("former versions expire", bucket, compared(rules, [rule]), make)


def includes(current: Any, wanted: Any) -> bool:
    """Return whether an answer has all that is wanted; S3 adds settings that nobody sent.

    An encryption rule now has `BlockedEncryptionTypes` as well:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionRule.html.
    """
    if isinstance(wanted, dict):
        return isinstance(current, dict) and all(
            includes(current.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return len(current) == len(wanted) and all(map(includes, current, wanted))
    return bool(current == wanted)


def compared(
    current: Callable[[], Any], wanted: Any, *, same: Callable[[Any, Any], bool] = operator.eq
) -> Callable[[], Status]:
    """Return a check that compares a current value with the wanted one."""

    def look() -> Status:
        value = or_none(current)
        if value is None:
            return "missing"
        return "ok" if same(value, wanted) else "different"

    return look


ABSENT = (
    "404",
    "NoSuch",
    "NotFound",
    "OwnershipControlsNotFound",
    "ServerSideEncryptionConfigurationNotFound",
)
"""Parts of error codes for "not found"; any other error code is raised."""


def or_none(call: Callable[[], Any]) -> Any:
    """Return the result of a call; None for a "not found" error."""
    try:
        return call()
    except ClientError as error:
        if any(word in error.response["Error"]["Code"] for word in ABSENT):
            return None
        raise
