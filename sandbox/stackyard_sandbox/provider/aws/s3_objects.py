"""S3 objects that a program uploads.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketobjectv2/.
"""

from __future__ import annotations

import base64
from pathlib import Path

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    call_or_none,
    ignoring_missing,
)
from stackyard_sandbox.provider.aws.s3_bucket import NO_BUCKET
from stackyard_sandbox.provider.protocol import Asset, Properties
from stackyard_sandbox.provider.server import ProviderError

HEADERS = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "metadata",
    "serverSideEncryption",
    "storageClass",
)
NAMES = Casing(names={"kmsKeyId": "SSEKMSKeyId"}, maps=frozenset({"metadata"}))
CONTENT = ("content", "contentBase64", "source", "sourceHash")


class BucketObjectv2(Resource):
    """One object with its content; its id is its key."""

    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    takes = ("bucket", "key", "forceDestroy", "kmsKeyId", *CONTENT, *HEADERS)
    replaces = frozenset({"bucket", "key"})
    autoname = Autoname("key", limit=1024)
    recomputed = dict.fromkeys((*CONTENT, *HEADERS), ("versionId", "etag"))

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Put the object."""
        arguments = NAMES.pick(inputs, "kmsKeyId", *HEADERS)
        aws.client("s3").put_object(
            Bucket=inputs["bucket"], Key=inputs["key"], Body=_body(inputs), **arguments
        )
        return str(inputs["key"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Tag the object."""
        pairs = [{"Key": key, "Value": text} for key, text in (inputs.get("tagsAll") or {}).items()]
        if pairs:
            aws.client("s3").put_object_tagging(
                Bucket=inputs["bucket"], Key=identity, Tagging={"TagSet": pairs}
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read headers and tags, not the content: the etag shows whether that changed."""
        if "bucket" not in state:
            raise ProviderError("an object is imported as `s3://bucket/key` by the target `aws`")
        client = aws.client("s3")
        where = {"Bucket": state["bucket"], "Key": identity}
        answer = call_or_none(client.head_object, *NO_BUCKET, "NoSuchKey", **where)
        if answer is None:
            return None
        tags = client.get_object_tagging(**where)["TagSet"]
        headers = NAMES.sdk(
            {NAMES.api_name(name): answer.get(NAMES.api_name(name)) for name in HEADERS}
        )
        return {
            **headers,
            "bucket": state["bucket"],
            "key": identity,
            "arn": f"arn:{aws.partition}:s3:::{state['bucket']}/{identity}",
            "etag": answer["ETag"].strip('"'),
            "versionId": answer.get("VersionId"),
            "tagsAll": {tag["Key"]: tag["Value"] for tag in tags},
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Put the object again, because a changed header requires it, too."""
        self.create(aws, new)
        self.finish(aws, identity, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete every version of the object."""
        client = aws.client("s3")
        with ignoring_missing(*NO_BUCKET):
            pages = client.get_paginator("list_object_versions").paginate(
                Bucket=state["bucket"], Prefix=identity
            )
            for page in pages:
                for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
                    if entry["Key"] == identity:
                        client.delete_object(
                            Bucket=state["bucket"], Key=identity, VersionId=entry["VersionId"]
                        )


def _body(inputs: Properties) -> bytes:
    if isinstance(inputs.get("content"), str):
        return str(inputs["content"]).encode()
    if isinstance(inputs.get("contentBase64"), str):
        return base64.b64decode(inputs["contentBase64"])
    source = inputs.get("source")
    if not isinstance(source, Asset):
        return b""
    if source.text is not None:
        return source.text.encode()
    if source.path:
        return Path(source.path).read_bytes()
    raise ProviderError("`source` must be a file or a text: the sandbox fetches nothing")
