"""S3 buckets.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucket/. Settings of
the separate resources (versioning, lifecycle, policy, …) are refused on the bucket itself.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    call_or_none,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

NO_BUCKET = ("NoSuchBucket", "404", "NoSuchBucketException")


class Bucket(Resource):
    """A bucket and its tags."""

    token = "aws:s3/bucket:Bucket"
    takes = ("bucket", "bucketPrefix", "forceDestroy", "objectLockEnabled")
    replaces = frozenset({"bucket", "bucketPrefix", "objectLockEnabled"})
    autoname = Autoname("bucket", limit=63, lower=True)
    defaults = {"forceDestroy": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the bucket."""
        arguments: Properties = {"Bucket": inputs["bucket"]}
        if aws.region != "us-east-1":
            arguments["CreateBucketConfiguration"] = {"LocationConstraint": aws.region}
        if inputs.get("objectLockEnabled"):
            arguments["ObjectLockEnabledForBucket"] = True
        aws.client("s3").create_bucket(**arguments)
        return str(inputs["bucket"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Tag it."""
        self._tag(aws, identity, inputs.get("tagsAll"))

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the bucket, its tags and whether object lock is enabled."""
        client = aws.client("s3")
        if call_or_none(client.head_bucket, *NO_BUCKET, Bucket=identity) is None:
            return None
        # One call less for each normal bucket: object lock cannot be enabled or disabled later.
        if state.get("objectLockEnabled") or not state:
            codes = (*NO_BUCKET, "ObjectLockConfigurationNotFoundError")
            lock = call_or_none(client.get_object_lock_configuration, *codes, Bucket=identity)
        else:
            lock = None
        tags = call_or_none(client.get_bucket_tagging, "NoSuchTagSet", Bucket=identity) or {}
        domain = f"{identity}.s3"
        return {
            "bucket": identity,
            "arn": f"arn:{aws.partition}:s3:::{identity}",
            "bucketDomainName": f"{domain}.amazonaws.com",
            "bucketRegionalDomainName": f"{domain}.{aws.region}.amazonaws.com",
            "bucketRegion": aws.region,
            "objectLockEnabled": lock is not None,
            "tagsAll": {tag["Key"]: tag["Value"] for tag in tags.get("TagSet", [])},
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place; `forceDestroy` is read at deletion."""
        if old.get("tagsAll") != new.get("tagsAll"):
            self._tag(aws, identity, new.get("tagsAll"))

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the bucket, with all its object versions if `forceDestroy` is set."""
        client = aws.client("s3")
        with ignoring_missing(*NO_BUCKET):
            if state.get("forceDestroy"):
                empty(client, identity)
            client.delete_bucket(Bucket=identity)

    def _tag(self, aws: Cloud, bucket: str, tags: Any) -> None:
        client = aws.client("s3")
        if tags:
            pairs = [{"Key": key, "Value": text} for key, text in tags.items()]
            client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs})
        else:
            client.delete_bucket_tagging(Bucket=bucket)


def empty(client: Any, bucket: str) -> None:
    """Delete every version and delete marker of a bucket, bypassing governance locks."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
        for entry in entries:
            version = {"Bucket": bucket, "Key": entry["Key"], "VersionId": entry["VersionId"]}
            try:
                client.delete_object(**version)
            except ClientError:
                client.delete_object(**version, BypassGovernanceRetention=True)
