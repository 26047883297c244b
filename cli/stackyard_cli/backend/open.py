"""Opens the state backend of a URL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from stackyard_cli.backend.base import Store
from stackyard_cli.backend.errors import BackendError
from stackyard_cli.backend.folder import FolderStore
from stackyard_cli.backend.pulumi_cli import EngineStore
from stackyard_cli.backend.s3 import BucketStore


def open_store(url: str, environment: Mapping[str, str], home: Path) -> Store:
    """Return the store of a backend URL; raises BackendError for an unknown scheme.

    `home` is the folder for Stackyard's own objects if only the engine can read the backend.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return FolderStore(Path(url.removeprefix("file://")).expanduser())
    if scheme == "s3":
        return BucketStore(url, environment)
    if scheme in {"gs", "azblob"}:
        return EngineStore(url, environment, home / "records")
    raise BackendError(
        f"a state backend is `file://`, `s3://`, `gs://` or `azblob://` (got {scheme or url!r})",
        hint="set `state.backend` in stacks/_estate.yaml",
    )
