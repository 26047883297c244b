"""The `file://` state backend: objects are files of a folder."""

from __future__ import annotations

import json
from pathlib import Path

from stackyard_cli.backend.errors import BackendError
from stackyard_cli.files import PRIVATE, write_whole

ATTRIBUTES = ".attrs"
"""Suffix of the file of attributes that the engine's folder backend writes for each object."""


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
        """Write a file atomically: with a full disk the old content stays."""
        path = self.root / key
        _make_private(path.parent)
        try:
            write_whole(path, data, PRIVATE)
            (self.root / (key + ATTRIBUTES)).unlink(missing_ok=True)
        except OSError as error:
            raise BackendError(f"{path} cannot be written: {error.strerror}") from error

    def delete(self, key: str) -> None:
        """Remove a file and the engine's attributes of it."""
        for path in (self.root / key, self.root / (key + ATTRIBUTES)):
            path.unlink(missing_ok=True)

    def mend(self, key: str) -> None:
        """Remove attributes that a kill truncated: with them the engine reads the file as `EOF`.

        The engine needs no attributes: https://pkg.go.dev/gocloud.dev/blob/fileblob.
        """
        attributes = self.root / (key + ATTRIBUTES)
        try:
            json.loads(attributes.read_bytes())
        except FileNotFoundError:
            return
        except ValueError:
            attributes.unlink()

    def keys(self, prefix: str) -> list[str]:
        """Return the files below the folder part of `prefix` that start with it."""
        folder = self.root / prefix.rpartition("/")[0]
        files = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ATTRIBUTES)
        names = (path.relative_to(self.root).as_posix() for path in files)
        return sorted(name for name in names if name.startswith(prefix))


def _make_private(folder: Path) -> None:
    """Create a folder for its owner only; `mkdir` applies `mode` only to a path's last part."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
