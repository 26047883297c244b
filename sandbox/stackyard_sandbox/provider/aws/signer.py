"""Signing profiles; the sandbox signs nothing.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/signer/signingprofile/.
"""

from __future__ import annotations

import re

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    ignoring_missing,
    tags_if_any,
)
from stackyard_sandbox.provider.protocol import Properties

TAGS = Tagging(
    "signer", resource="resourceArn", tags="tags", keys="tagKeys", style="map", listed="tags"
)
NAMES = Casing(names={"name": "profileName"}, lower=True)
NAME = re.compile(r"[a-zA-Z0-9_]{2,64}")


class SigningProfile(Resource):
    """The settings for signing artefacts; its id is its name: only letters, digits and `_`.

    The name of a cancelled profile stays reserved, see `cloud.strictness.signing_profiles`.
    """

    token = "aws:signer/signingProfile:SigningProfile"
    takes = ("name", "namePrefix", "platformId", "signatureValidityPeriod")
    replaces = frozenset({"name", "namePrefix", "platformId", "signatureValidityPeriod"})

    autoname = Autoname(limit=64)

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        """Refuse other characters, such as the hyphen of the default automatic name.

        https://docs.aws.amazon.com/signer/latest/api/API_PutSigningProfile.html
        """
        wrong = [
            (key, f"{value!r} does not match {NAME.pattern}")
            for key in ("name", "namePrefix")
            if isinstance(value := inputs.get(key), str) and not NAME.fullmatch(value)
        ]
        return [*wrong, *super().problems(inputs)]

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the profile."""
        aws.client("signer").put_signing_profile(
            **tags_if_any(inputs),
            **NAMES.pick(inputs, "name", "platformId", "signatureValidityPeriod"),
        )
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the profile; a cancelled one counts as deleted."""
        call = aws.client("signer").get_signing_profile
        answer = call_or_none(call, "ResourceNotFoundException", profileName=identity)
        if answer is None or answer.get("status") == "Canceled":
            return None
        return {
            "name": identity,
            "platformId": answer["platformId"],
            "platformDisplayName": answer.get("platformDisplayName"),
            "signatureValidityPeriod": answer.get("signatureValidityPeriod"),
            "status": answer.get("status"),
            "version": answer.get("profileVersion"),
            "versionArn": answer.get("profileVersionArn"),
            "arn": answer["arn"],
            "tagsAll": dict(answer.get("tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Cancel the profile: the service never deletes one."""
        with ignoring_missing("ResourceNotFoundException"):
            aws.client("signer").cancel_signing_profile(profileName=identity)
