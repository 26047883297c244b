"""The steps of a bootstrap: each looks at what is there, and makes what is not as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from stackyard_cli.bootstrap import policies
from stackyard_cli.bootstrap.policies import OURS, Place

Standing = Literal["ok", "missing", "different"]
Clients = Callable[[str], Any]

NONCURRENT_DAYS = 90
"""Days for which former versions of the state are kept: long enough to notice a damage."""


@dataclass(frozen=True)
class Step:
    """One thing that should be so."""

    what: str
    name: str
    look: Callable[[], Standing]
    make: Callable[[], None]


def key_steps(clients: Clients, alias: str) -> Iterator[Step]:
    """Return the steps for the key of the state, with rotation."""
    kms = clients("kms")

    def key_id() -> str | None:
        found: str | None = or_none(lambda: kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"])
        return found

    def make() -> None:
        tags = [{"TagKey": key, "TagValue": value} for key, value in OURS.items()]
        made = kms.create_key(Description="State of Stackyard", Tags=tags)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=made)

    def rotates() -> Standing:
        found = key_id()
        if found is None:
            return "missing"
        status = kms.get_key_rotation_status(KeyId=found)
        return "ok" if status["KeyRotationEnabled"] else "different"

    yield Step("key", alias, lambda: "ok" if key_id() else "missing", make)
    yield Step("rotation", alias, rotates, lambda: kms.enable_key_rotation(KeyId=key_id()))


def described_key(clients: Clients, alias: str) -> str | None:
    """Return the address of the key behind an alias; None if there is none."""
    found: str | None = or_none(
        lambda: clients("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    )
    return found


def bucket_steps(clients: Clients, place: Place) -> Iterator[Step]:
    """Return the steps for the state bucket."""
    s3 = clients("s3")
    name = {"Bucket": place.bucket}

    def make() -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
        s3.create_bucket(**name, **({} if place.region == "us-east-1" else where))

    def exists() -> Standing:
        return "ok" if or_none(lambda: s3.head_bucket(**name)) is not None else "missing"

    yield Step("bucket", place.bucket, exists, make)
    for what, get, put, key, wanted in _settings(s3, place):
        yield _setting(what, place.bucket, get, put, key, wanted)
    text = json.dumps(policies.state_bucket(place), sort_keys=True)
    yield Step(
        "bucket policy",
        place.bucket,
        compared(lambda: json.loads(s3.get_bucket_policy(**name)["Policy"]), json.loads(text)),
        lambda: s3.put_bucket_policy(**name, Policy=text),
    )
    yield _versioning(s3, place.bucket)
    yield _expiry(s3, place.bucket)


def _setting(what: str, bucket: str, get: Any, put: Any, key: str, wanted: Any) -> Step:
    look = compared(lambda: get(Bucket=bucket)[key], wanted)
    return Step(what, bucket, look, lambda: put(Bucket=bucket, **{key: wanted}))


def _settings(s3: Any, place: Place) -> Iterator[tuple[str, Any, Any, str, dict[str, Any]]]:
    rule = {
        "ApplyServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": place.key_arn,
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

    def look() -> Standing:
        found = or_none(lambda: s3.get_bucket_versioning(Bucket=bucket))
        if found is None:
            return "missing"
        return "ok" if found.get("Status") == "Enabled" else "different"

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


def compared(current: Callable[[], Any], wanted: Any) -> Callable[[], Standing]:
    """Return what looks whether something is as wanted."""

    def look() -> Standing:
        found = or_none(current)
        if found is None:
            return "missing"
        return "ok" if found == wanted else "different"

    return look


ABSENT = (
    "404",
    "NoSuch",
    "NotFound",
    "OwnershipControlsNotFound",
    "ServerSideEncryptionConfigurationNotFound",
)
"""How services say that there is nothing; any other refusal is an error."""


def or_none(call: Callable[[], Any]) -> Any:
    """Return what a call answers; None if there is nothing."""
    try:
        return call()
    except ClientError as error:
        if any(word in error.response["Error"]["Code"] for word in ABSENT):
            return None
        raise
