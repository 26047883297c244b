"""The name of a container image in a stack file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field


def _named_exactly(value: str) -> str:
    """Refuse a mutable image name, which a push could silently replace."""
    tag = value.partition("@")[0].partition(":")[2]
    if "@sha256:" not in value and tag in ("", "latest"):
        raise ValueError("needs a version or, better, a digest: name:tag@sha256:…")
    return value


Image = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9._/-]*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$"),
    AfterValidator(_named_exactly),
]
"""An image in the registry: `name:tag`, or better `name:tag@sha256:…`."""
