"""AWS Signer keeps a cancelled profile, and reserves its name, for two years.

Source: https://docs.aws.amazon.com/signer/latest/api/API_CancelSigningProfile.html; "Signing
profile names are immutable and cannot be reused after canceled",
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/signer_signing_profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.signer.models import SignerBackend

from stackyard_sandbox.cloud.strictness import checked


def install() -> None:
    """Refuse a name that is in use or reserved; use AWS's error for a missing one."""
    checked.before(SignerBackend, "put_signing_profile", _check_new)
    checked.before(SignerBackend, "get_signing_profile", _check_present)


def _check_new(signer: SignerBackend, call: Mapping[str, Any]) -> None:
    name = call["profile_name"]
    if name in signer.signing_profiles:
        raise JsonRESTError(
            "ValidationException",
            f"A signing profile with the name {name} already exists. The name of a "
            "canceled profile cannot be used again.",
        )


def _check_present(signer: SignerBackend, call: Mapping[str, Any]) -> None:
    name = call["profile_name"]
    if name not in signer.signing_profiles:
        raise JsonRESTError(
            "ResourceNotFoundException", f"The signing profile {name} was not found."
        )
