"""Repairs delete markers of buckets whose versioning is suspended."""

from typing import Any, cast

from moto.s3.models import FakeDeleteMarker


def install() -> None:
    """Let such a bucket be emptied: the emulator disposes of markers as if they had content."""
    cast(Any, FakeDeleteMarker).dispose = _nothing


def _nothing(_self: FakeDeleteMarker, _garbage: bool = False) -> None:
    """A marker holds no content that could be given back."""
