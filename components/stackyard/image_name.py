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


REPOSITORY = r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*"
"""The name of a repository. Source:
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html."""

TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
"""A tag. Source: https://github.com/distribution/reference/blob/main/reference.go."""

REGISTRY = rf"^[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(/{REPOSITORY})?$"
"""A registry host, with an optional port and path."""

BAKED_IMAGE = rf"^{REPOSITORY}(:{TAG})?@sha256:[0-9a-f]{{64}}$"

IMAGE = rf"^{REPOSITORY}(:{TAG})?(@sha256:[0-9a-f]{{64}})?$"

Image = Annotated[
    str,
    Field(pattern=IMAGE),
    AfterValidator(_named_exactly),
]
"""An image in the registry: `name:tag`, or better `name:tag@sha256:…`."""
