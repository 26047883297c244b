"""Names of images: the account's registry, and one repository for each image of a stack."""

from __future__ import annotations

from stackyard.aws_location import endpoint
from stackyard.naming import StackId, fitted

PROFILE_PREFIX_LIMIT = 38
"""Maximum length of a signing profile's name prefix: 64, less the 26 of the unique suffix. Source:
https://github.com/hashicorp/terraform-provider-aws, internal/service/signer/signing_profile.go."""


def registry(account: str, region: str) -> str:
    """Return the host of the account's registry."""
    return f"{account}.dkr.{endpoint('ecr', region)}"


def repository_name(stack: StackId, image: str) -> str:
    """Return the name of the repository of a stack's image."""
    return f"{stack}/{image}"


def builder(image: str) -> str:
    """Return the short name of the role that builds and pushes an image."""
    return f"image-{image}"


def profile_prefix(stack: StackId) -> str:
    """Return the name prefix of a stack's signing profiles: letters, digits and `_` only.

    AWS Signer reserves the name of a cancelled profile for two years, so a stack that is created
    again needs a new name:
    https://docs.aws.amazon.com/signer/latest/api/API_CancelSigningProfile.html.
    """
    return fitted(stack.slug, PROFILE_PREFIX_LIMIT - 1).replace("-", "_") + "_"
