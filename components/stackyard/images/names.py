"""Where images are: the account's registry, and a repository for each image of each stack."""

from __future__ import annotations

from stackyard.aws_location import endpoint
from stackyard.naming import StackId, fitted

PROFILE_PREFIX_LIMIT = 38
"""Longest name prefix of a signing profile: 64, less the 26 that make the name unique. Source:
https://github.com/hashicorp/terraform-provider-aws, internal/service/signer/signing_profile.go."""


def registry(account: str, region: str) -> str:
    """Return the host of the account's own registry."""
    return f"{account}.dkr.{endpoint('ecr', region)}"


def repository_name(stack: StackId, image: str) -> str:
    """Return the name of the repository of a stack's image."""
    return f"{stack}/{image}"


def builder(image: str) -> str:
    """Return the role, among those of its stack, that builds an image and pushes it."""
    return f"image-{image}"


def profile_prefix(stack: StackId) -> str:
    """Return how the names of a stack's signing profiles begin: letters, digits and `_` only.

    AWS Signer keeps the name of a cancelled profile for two years, so each life of a stack takes
    another: https://docs.aws.amazon.com/signer/latest/api/API_CancelSigningProfile.html.
    """
    return fitted(stack.slug, PROFILE_PREFIX_LIMIT - 1).replace("-", "_") + "_"
