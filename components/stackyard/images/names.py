"""Where images are: the account's registry, and a repository for each image of each stack."""

from __future__ import annotations

from stackyard.aws_location import endpoint
from stackyard.naming import StackId


def registry(account: str, region: str) -> str:
    """Return the host of the account's own registry."""
    return f"{account}.dkr.{endpoint('ecr', region)}"


def repository_name(stack: StackId, image: str) -> str:
    """Return the name of the repository of a stack's image."""
    return f"{stack}/{image}"


def builder(image: str) -> str:
    """Return the role, among those of its stack, that builds an image and pushes it."""
    return f"image-{image}"
