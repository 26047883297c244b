"""Lets calls on a KMS key name it by its ARN, as AWS does; moto fails for these calls.

Source: docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.kms.models import KmsBackend

_CALLS = ("enable_key", "disable_key", "schedule_key_deletion", "cancel_key_deletion")


def install() -> None:
    """Turn a key's ARN into its id before each of these calls."""
    for name in _CALLS:
        setattr(KmsBackend, name, _by_id(getattr(KmsBackend, name)))


def _by_id(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def by_id(self: KmsBackend, key_id: str, *more: Any) -> Any:
        return call(self, self.get_key_id(key_id), *more)

    return by_id
