"""Corrects delete markers of buckets whose versioning is suspended."""

from typing import Any, cast

from moto.s3.models import FakeDeleteMarker


def install() -> None:
    """Allow such a bucket to be emptied: the emulator treats markers as if they had content."""
    cast(Any, FakeDeleteMarker).dispose = _nothing


def _nothing(_self: FakeDeleteMarker, _garbage: bool = False) -> None:
    """Do nothing: a delete marker has no content to dispose of."""
