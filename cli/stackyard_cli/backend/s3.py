"""The `s3://` state backend: objects are those of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stackyard_cli.backend.errors import BackendError
from stackyard_cli.clients.aws import Aws, endpoint_of


class BucketStore:
    """An `s3://BUCKET/PREFIX` backend; Pulumi reads the same query of the URL.

    Source: https://www.pulumi.com/docs/iac/concepts/state-and-backends/#aws-s3.
    """

    sees_locks = True

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        from botocore.config import Config

        parts = urlsplit(url)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/")
        named = query.get("endpoint")
        if named and "://" not in named:
            named = f"{'http' if query.get('disableSSL') == 'true' else 'https'}://{named}"
        endpoint = endpoint_of(environment, named)
        style = "path" if query.get("s3ForcePathStyle") == "true" or endpoint else "auto"
        config = Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"total_max_attempts": 4},
            s3={"addressing_style": style},
        )
        aws = Aws(environment, query.get("region"), endpoint=endpoint, config=config)
        self.client: Any = aws.client("s3")

    def get(self, key: str) -> bytes | None:
        """Return an object's content, or None."""
        try:
            answer = self._call("get_object", Key=self._full(key))
        except self.client.exceptions.NoSuchKey:
            return None
        return bytes(answer["Body"].read())

    def put(self, key: str, data: bytes) -> None:
        """Write an object; S3 writes it completely or not at all."""
        self._call("put_object", Key=self._full(key), Body=data)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._call("delete_object", Key=self._full(key))

    def mend(self, key: str) -> None:
        """Do nothing: an object and its attributes are one write."""

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`."""
        keys: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self._full(prefix), **token)
            keys += [item["Key"] for item in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                break
            token = {"ContinuationToken": page["NextContinuationToken"]}
        cut = len(self._full(""))
        return sorted(key[cut:] for key in keys)

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self.client, operation)(
                Bucket=self.bucket, **arguments
            )
        except self.client.exceptions.NoSuchKey:
            raise
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise BackendError(f"s3://{self.bucket} refused {operation}: {code}") from error
        except BotoCoreError as error:
            raise BackendError(f"s3://{self.bucket} is not reachable: {error}") from error
        return dict(answer)
