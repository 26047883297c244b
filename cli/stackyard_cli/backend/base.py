"""The interface of a state backend: objects by key, read as bytes.

Checkpoints, locks and Stackyard's own records are read as bytes, so that secrets stay encrypted;
the SDK's `export_stack` decrypts them.
"""

from __future__ import annotations

from typing import Protocol


class Store(Protocol):
    """A state backend: objects by key; keys are relative paths with `/`."""

    sees_locks: bool
    """Whether locks of the engine are among the objects."""

    def get(self, key: str) -> bytes | None:
        """Return an object, or None when there is none."""

    def put(self, key: str, data: bytes) -> None:
        """Write an object atomically: a reader sees the old or the new one, never a part."""

    def delete(self, key: str) -> None:
        """Remove an object; a missing object is no error."""

    def mend(self, key: str) -> None:
        """Make an object readable for the engine again after a kill; its content is unchanged."""

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
