"""Named objects in a folder or a bucket: the raw view of a self-managed Pulumi backend.

Checkpoints, locks and Stackyard's own records are read here as the bytes the backend holds, so that
secrets stay encrypted; the SDK's `export_stack` asks for them in plain.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from stackyard_cli.engine.problems import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping


ATTRIBUTES = ".attrs"
"""Ending of the file that the engine's folder backend writes beside each object."""


class Store(Protocol):
    """Objects by key; keys are relative paths with `/`."""

    sees_locks: bool
    """Whether locks of the engine are among the objects."""

    def get(self, key: str) -> bytes | None:
        """Return an object, or None when there is none."""

    def put(self, key: str, data: bytes) -> None:
        """Write an object whole; a reader sees the old or the new one, never a part."""

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""


class FolderStore:
    """A `file://` backend."""

    sees_locks = True

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, key: str) -> bytes | None:
        """Return a file's content, or None."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Write beside and rename: a full disk leaves the old file whole."""
        path = self.root / key
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(beside, "wb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            (self.root / (key + ATTRIBUTES)).unlink(missing_ok=True)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise BackendError(f"{path} cannot be written: {error.strerror}") from error

    def delete(self, key: str) -> None:
        """Remove a file, and what the engine notes beside it."""
        for path in (self.root / key, self.root / (key + ATTRIBUTES)):
            path.unlink(missing_ok=True)

    def keys(self, prefix: str) -> list[str]:
        """Return the files below the folder part of `prefix` that start with it."""
        folder = self.root / prefix.rpartition("/")[0]
        files = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ATTRIBUTES)
        names = (path.relative_to(self.root).as_posix() for path in files)
        return sorted(name for name in names if name.startswith(prefix))


class BucketStore:
    """An `s3://BUCKET/PREFIX` backend; the URL's query is the one that Pulumi reads.

    Source: https://www.pulumi.com/docs/iac/concepts/state-and-backends/#aws-s3.
    """

    sees_locks = True

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        import boto3
        from botocore.config import Config

        parts = urlsplit(url)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/")
        endpoint = query.get("endpoint") or environment.get("AWS_ENDPOINT_URL")
        if endpoint and "://" not in endpoint:
            endpoint = f"{'http' if query.get('disableSSL') == 'true' else 'https'}://{endpoint}"
        style = "path" if query.get("s3ForcePathStyle") == "true" or endpoint else "auto"
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=query.get("region") or environment.get("AWS_REGION"),
            aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
            config=Config(
                connect_timeout=5,
                read_timeout=20,
                retries={"total_max_attempts": 4},
                s3={"addressing_style": style},
            ),
        )

    def get(self, key: str) -> bytes | None:
        """Return an object's content, or None."""
        try:
            answer = self._call("get_object", Key=self._full(key))
        except self.client.exceptions.NoSuchKey:
            return None
        return bytes(answer["Body"].read())

    def put(self, key: str, data: bytes) -> None:
        """Write an object; S3 shows it whole or not at all."""
        self._call("put_object", Key=self._full(key), Body=data)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._call("delete_object", Key=self._full(key))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`."""
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self._full(prefix), **token)
            found += [item["Key"] for item in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                break
            token = {"ContinuationToken": page["NextContinuationToken"]}
        cut = len(self._full(""))
        return sorted(key[cut:] for key in found)

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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def open_store(url: str, environment: Mapping[str, str], home: Path) -> Store:
    """Return the store of a backend URL; raises BackendError for a scheme it does not know.

    `home` is where Stackyard keeps its own objects if only the engine reads the backend.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return FolderStore(Path(url.removeprefix("file://")).expanduser())
    if scheme == "s3":
        return BucketStore(url, environment)
    if scheme in {"gs", "azblob"}:
        from stackyard_cli.engine.engine_store import EngineStore

        return EngineStore(url, environment, home / "records")
    raise BackendError(
        f"a state backend is `file://`, `s3://`, `gs://` or `azblob://` (got {scheme or url!r})",
        hint="set `state.backend` in stacks/_estate.yaml",
    )
