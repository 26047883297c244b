"""Stores the rotation period of a KMS key, which moto drops; otherwise drift would never end.

Source: docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html.
"""

import json

from moto.kms.responses import KmsResponse

_STANDARD_DAYS = 365
_MEMBER = "stackyard_rotation_days"
"""Attribute of the emulator's key, so that the account's snapshot contains it."""

_enable = KmsResponse.enable_key_rotation
_status = KmsResponse.get_key_rotation_status


def install() -> None:
    """Store the period and return it."""
    KmsResponse.enable_key_rotation = _remembering  # type: ignore[method-assign]  # a repair
    KmsResponse.get_key_rotation_status = _answering  # type: ignore[method-assign]  # a repair


def _remembering(self: KmsResponse) -> str:
    answer = _enable(self)
    days = self._get_param("RotationPeriodInDays") or _STANDARD_DAYS
    setattr(self.kms_backend.describe_key(self._get_param("KeyId")), _MEMBER, int(days))
    return answer


def _answering(self: KmsResponse) -> str:
    answer = json.loads(_status(self))
    if answer["KeyRotationEnabled"]:
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        answer["RotationPeriodInDays"] = getattr(key, _MEMBER, _STANDARD_DAYS)
    return json.dumps(answer)
