"""Bucket settings: versioning, encryption, lifecycle, object lock.

One resource each, as in https://www.pulumi.com/registry/packages/aws/api-docs/s3/; a change of
`bucket` replaces every one of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import Setting, call_or_none, ignoring_missing
from stackyard_sandbox.provider.aws.s3_bucket import NO_BUCKET
from stackyard_sandbox.provider.protocol import Properties

BUCKET_ONLY = frozenset({"bucket"})
SPELLING = Casing(
    names={
        "id": "ID",
        "sseAlgorithm": "SSEAlgorithm",
        "kmsMasterKeyId": "KMSMasterKeyID",
        "mfaDelete": "MFADelete",
    },
    maps=frozenset({"tags"}),
)


class BucketSetting(Setting):
    """Base of the settings of a bucket."""

    parent = "bucket"
    replaces = BUCKET_ONLY


class BucketVersioning(BucketSetting):
    """Whether old versions are kept."""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    takes = ("bucket", "versioningConfiguration")

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Enable or suspend versioning."""
        status = inputs["versioningConfiguration"]["status"]
        if status == "Disabled":
            return
        configuration = SPELLING.api(inputs["versioningConfiguration"])
        aws.client("s3").put_bucket_versioning(Bucket=parent, VersioningConfiguration=configuration)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the status; it is `Disabled` for a bucket whose versioning was never enabled."""
        answer = call_or_none(aws.client("s3").get_bucket_versioning, *NO_BUCKET, Bucket=identity)
        if answer is None:
            return None
        return {
            "bucket": identity,
            "versioningConfiguration": {"status": answer.get("Status", "Disabled")},
        }

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Suspend versioning: it cannot be disabled again."""
        if state["versioningConfiguration"]["status"] == "Enabled":
            with ignoring_missing(*NO_BUCKET, "InvalidBucketState"):
                aws.client("s3").put_bucket_versioning(
                    Bucket=identity, VersioningConfiguration={"Status": "Suspended"}
                )


class BucketServerSideEncryptionConfiguration(BucketSetting):
    """The default encryption of new objects."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    takes = ("bucket", "rules")

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the rules."""
        aws.client("s3").put_bucket_encryption(
            Bucket=parent,
            ServerSideEncryptionConfiguration={"Rules": SPELLING.api(inputs["rules"])},
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the rules."""
        codes = (*NO_BUCKET, "ServerSideEncryptionConfigurationNotFoundError")
        answer = call_or_none(aws.client("s3").get_bucket_encryption, *codes, Bucket=identity)
        if answer is None:
            return None
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        return {"bucket": identity, "rules": SPELLING.sdk(rules)}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Restore the service's default."""
        with ignoring_missing(*NO_BUCKET):
            aws.client("s3").delete_bucket_encryption(Bucket=identity)


class BucketLifecycleConfiguration(BucketSetting):
    """The rules for transition and expiry of objects."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    takes = ("bucket", "rules", "transitionDefaultMinimumObjectSize")
    defaults = {"transitionDefaultMinimumObjectSize": "all_storage_classes_128K"}

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write all rules."""
        rules = [_lifecycle_rule(rule) for rule in inputs.get("rules") or []]
        aws.client("s3").put_bucket_lifecycle_configuration(
            Bucket=parent,
            LifecycleConfiguration={"Rules": rules},
            TransitionDefaultMinimumObjectSize=inputs["transitionDefaultMinimumObjectSize"],
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read all rules."""
        codes = (*NO_BUCKET, "NoSuchLifecycleConfiguration")
        client = aws.client("s3")
        answer = call_or_none(client.get_bucket_lifecycle_configuration, *codes, Bucket=identity)
        if answer is None:
            return None
        rules = [_lifecycle_inputs(rule) for rule in answer["Rules"]]
        return {"bucket": identity, "rules": rules}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete all rules."""
        with ignoring_missing(*NO_BUCKET):
            aws.client("s3").delete_bucket_lifecycle(Bucket=identity)


class BucketOwnershipControls(BucketSetting):
    """The owner of objects that others upload."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    takes = ("bucket", "rule")

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the rule."""
        aws.client("s3").put_bucket_ownership_controls(
            Bucket=parent, OwnershipControls={"Rules": [SPELLING.api(inputs["rule"])]}
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the rule."""
        codes = (*NO_BUCKET, "OwnershipControlsNotFoundError")
        answer = call_or_none(
            aws.client("s3").get_bucket_ownership_controls, *codes, Bucket=identity
        )
        if answer is None:
            return None
        return {"bucket": identity, "rule": SPELLING.sdk(answer["OwnershipControls"]["Rules"][0])}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the rule."""
        with ignoring_missing(*NO_BUCKET, "OwnershipControlsNotFoundError"):
            aws.client("s3").delete_bucket_ownership_controls(Bucket=identity)


class BucketObjectLockConfiguration(BucketSetting):
    """The default retention of a bucket created with object lock."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    takes = ("bucket", "objectLockEnabled", "rule")
    defaults = {"objectLockEnabled": "Enabled"}
    replaces = frozenset({"bucket", "objectLockEnabled"})

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the default retention."""
        configuration = SPELLING.api(
            {key: inputs[key] for key in ("objectLockEnabled", "rule") if inputs.get(key)}
        )
        aws.client("s3").put_object_lock_configuration(
            Bucket=parent, ObjectLockConfiguration=configuration
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the default retention."""
        codes = (*NO_BUCKET, "ObjectLockConfigurationNotFoundError")
        answer = call_or_none(
            aws.client("s3").get_object_lock_configuration, *codes, Bucket=identity
        )
        if answer is None:
            return None
        configuration = SPELLING.sdk(answer["ObjectLockConfiguration"])
        return {"bucket": identity, "rule": None, **configuration}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the default retention; object lock itself cannot be disabled."""
        with ignoring_missing(*NO_BUCKET, "ObjectLockConfigurationNotFoundError"):
            aws.client("s3").put_object_lock_configuration(
                Bucket=identity, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
            )


def _lifecycle_rule(rule: Properties) -> Properties:
    result: Properties = SPELLING.api({key: part for key, part in rule.items() if key != "filter"})
    if "prefix" not in rule:
        result["Filter"] = _filter(rule.get("filter") or {})
    return result


def _filter(selected: Properties) -> Properties:
    """Return a filter; tags are a map in the SDK and a list in the API."""
    result: Properties = SPELLING.api({key: part for key, part in selected.items() if key != "and"})
    both = dict(selected.get("and") or {})
    if both:
        tags = both.pop("tags", None) or {}
        pairs = [{"Key": key, "Value": text} for key, text in tags.items()]
        result["And"] = {**SPELLING.api(both), **({"Tags": pairs} if pairs else {})}
    return result or {"Prefix": ""}


def _lifecycle_inputs(rule: Properties) -> Properties:
    result: Properties = SPELLING.sdk({key: part for key, part in rule.items() if key != "Filter"})
    if "Filter" in rule:
        result["filter"] = _filter_inputs(rule["Filter"])
    for moved in (result.get("expiration"), *result.get("transitions", [])):
        if moved and isinstance(moved.get("date"), datetime):
            moved["date"] = moved["date"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return result


def _filter_inputs(selected: Any) -> Properties | None:
    if not selected:
        return None
    result: Properties = SPELLING.sdk({key: part for key, part in selected.items() if key != "And"})
    if "And" in selected:
        both = SPELLING.sdk({key: part for key, part in selected["And"].items() if key != "Tags"})
        pairs = selected["And"].get("Tags") or []
        if pairs:
            both["tags"] = {pair["Key"]: pair["Value"] for pair in pairs}
        result["and"] = both
    return result
