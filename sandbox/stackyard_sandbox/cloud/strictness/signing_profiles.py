"""AWS Signer keeps a cancelled profile, and reserves its name, for two years.

Source: https://docs.aws.amazon.com/signer/latest/api/API_CancelSigningProfile.html; "Signing
profile names are immutable and cannot be reused after canceled",
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/signer_signing_profile.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.signer.models import SignerBackend, SigningProfile

_put = SignerBackend.put_signing_profile
_get = SignerBackend.get_signing_profile


def install() -> None:
    """Refuse a name that is in use or reserved; use AWS's error for a missing one."""
    setattr(SignerBackend, _put.__name__, _putting)
    setattr(SignerBackend, _get.__name__, _getting)


def _putting(self: SignerBackend, profile_name: str, **others: Any) -> SigningProfile:
    if profile_name in self.signing_profiles:
        raise JsonRESTError(
            "ValidationException",
            f"A signing profile with the name {profile_name} already exists. The name of a "
            "canceled profile cannot be used again.",
        )
    return _put(self, profile_name, **others)


def _getting(self: SignerBackend, profile_name: str) -> SigningProfile:
    if profile_name not in self.signing_profiles:
        raise JsonRESTError(
            "ResourceNotFoundException", f"The signing profile {profile_name} was not found."
        )
    return _get(self, profile_name)
