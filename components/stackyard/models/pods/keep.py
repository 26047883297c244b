"""Copy the artifacts of registered model versions to where retention does not reach them.

Runs again and again; each time the model bucket is brought in line with the registry:

    registered/NAME/VERSION/...             the artifacts
    registered/NAME/VERSION/lineage.json    what they were made from; written last, so that its
                                            presence says that the copy is complete

Objects carry tags that the bucket's lifecycle knows. `stackyard:class` is `production` once the
version has had an alias (such as `champion`), else `candidate`. `stackyard:retired` is set to that
class when the version has left the registry, and only then does the class's end apply.
"""

import json
import logging
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import lineage  # type: ignore[import-not-found]  # the ConfigMap puts it beside this file
from botocore.exceptions import ClientError
from mlflow import MlflowClient

ROOT = "registered"
LOG = logging.getLogger("models")

WHOLE = 5 * 1024**3
"""Bytes that S3 copies in one piece, https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html."""

PART = 1024**3
CLASS, RETIRED = "stackyard:class", "stackyard:retired"


class Keeper:
    """Registry, artifacts and model bucket together."""

    def __init__(self, artifacts: str, models: str) -> None:
        self.artifacts, self.models = artifacts, models
        self.s3, self.registry = boto3.client("s3"), MlflowClient()

    def run(self) -> None:
        """Bring the bucket in line with the registry."""
        registered = set()
        for version in self._versions():
            place = f"{ROOT}/{version.name}/{version.version}/"
            if self._keep(version, place):
                registered.add(place)
                self._label(place, released=bool(version.aliases))
        for place in self._kept() - registered:
            self._retire(place)

    def _versions(self) -> Iterator[Any]:
        page = None
        while True:
            found = self.registry.search_model_versions(max_results=200, page_token=page)
            for version in found:
                # Only the version itself tells its aliases.
                yield self.registry.get_model_version(version.name, version.version)
            page = found.token
            if not page:
                return

    def _keep(self, version: Any, place: str) -> bool:
        """Copy a version unless it is there; returns whether it is there now."""
        if self._objects(self.models, f"{place}lineage.json"):
            return self._is_same(version, place)
        run = self.registry.get_run(version.run_id).data if version.run_id else None
        params, metrics = (run.params, run.metrics) if run else ({}, {})
        if missing := lineage.problems(version.tags, params, metrics):
            LOG.warning("%s not kept: %s", place, "; ".join(missing))
            return False
        uri = self.registry.get_model_version_download_uri(version.name, version.version)
        source = urlsplit(self._resolved(uri)).path.strip("/") + "/"
        files = {one["Key"]: one["Size"] for one in self._objects(self.artifacts, source)}
        if not files:
            LOG.error("%s not kept: its artifacts are gone", place)
            return False
        for key, size in files.items():
            self._copy(key, place + key.removeprefix(source), size)
        facts = {
            "name": version.name,
            "version": version.version,
            "run": version.run_id,
            **{name: version.tags[f"{lineage.PREFIX}{name}"] for name in lineage.FACTS},
            "params": params,
            "metrics": metrics,
            "files": {key.removeprefix(source): size for key, size in files.items()},
        }
        body = json.dumps(facts, indent=1, sort_keys=True).encode()
        self.s3.put_object(
            Bucket=self.models, Key=f"{place}lineage.json", Body=body, IfNoneMatch="*"
        )
        LOG.info("%s kept: %s files", place, len(files))
        return True

    def _resolved(self, uri: str) -> str:
        """Return where a logged model or a run's directory lies, as the artifact server says it."""
        scheme, _, rest = uri.partition(":/")
        first, _, path = rest.partition("/")
        if scheme == "models":
            return str(self.registry.get_logged_model(first).artifact_location)
        if scheme == "runs":
            return f"{self.registry.get_run(first).info.artifact_uri}/{path}"
        return uri

    def _is_same(self, version: Any, place: str) -> bool:
        """Say whether the copy is of this version: a deleted model's name may be used again."""
        answer = self.s3.get_object(Bucket=self.models, Key=f"{place}lineage.json")
        same = bool(json.load(answer["Body"])["run"] == version.run_id)
        if not same:
            LOG.error("%s not kept: an earlier model had this name and number", place)
        return same

    def _copy(self, key: str, target: str, size: int) -> None:
        """Copy within S3, but for what is there already: a run before was interrupted."""
        source = {"Bucket": self.artifacts, "Key": key}
        place = {"Bucket": self.models, "Key": target}
        try:
            if size <= WHOLE:
                self.s3.copy_object(CopySource=source, IfNoneMatch="*", **place)
            else:
                self._copy_in_parts(source, place, size)
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise

    def _copy_in_parts(self, source: dict[str, str], place: dict[str, str], size: int) -> None:
        upload = {**place, "UploadId": self.s3.create_multipart_upload(**place)["UploadId"]}
        parts = []
        for number, start in enumerate(range(0, size, PART), start=1):
            span = f"bytes={start}-{min(start + PART, size) - 1}"
            made = self.s3.upload_part_copy(
                CopySource=source, CopySourceRange=span, PartNumber=number, **upload
            )
            parts.append({"PartNumber": number, "ETag": made["CopyPartResult"]["ETag"]})
        self.s3.complete_multipart_upload(
            MultipartUpload={"Parts": parts}, IfNoneMatch="*", **upload
        )

    def _label(self, place: str, *, released: bool) -> None:
        for one in self._objects(self.models, place):
            tags = self._tags(one["Key"])
            known = tags.get(CLASS, "candidate")
            self._tag(one["Key"], tags, {CLASS: "production" if released else known})

    def _retire(self, place: str) -> None:
        for one in self._objects(self.models, place):
            tags = self._tags(one["Key"])
            known = tags.get(CLASS, "candidate")
            self._tag(one["Key"], tags, {CLASS: known, RETIRED: known})

    def _tags(self, key: str) -> dict[str, str]:
        found = self.s3.get_object_tagging(Bucket=self.models, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def _tag(self, key: str, old: dict[str, str], new: dict[str, str]) -> None:
        if old != new:
            pairs = [{"Key": name, "Value": value} for name, value in new.items()]
            self.s3.put_object_tagging(Bucket=self.models, Key=key, Tagging={"TagSet": pairs})

    def _kept(self) -> set[str]:
        keys = (one["Key"].split("/", 3) for one in self._objects(self.models, f"{ROOT}/"))
        return {"/".join(parts[:3]) + "/" for parts in keys if len(parts) == 4}

    def _objects(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [one for page in pages for one in page.get("Contents", [])]


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Keeper(os.environ["ARTIFACT_BUCKET"], os.environ["MODEL_BUCKET"]).run()
