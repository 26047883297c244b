"""KMS refuses a key policy that names a user or role of the account that does not exist.

"The principals in the key policy must exist and be visible to KMS":
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key, KmsBackend

from stackyard_sandbox.cloud.iam.principals import exists

_create = KmsBackend.create_key
_put = KmsBackend.put_key_policy


def install() -> None:
    """Check the principals of each new key policy."""
    setattr(KmsBackend, _create.__name__, _creating)
    setattr(KmsBackend, _put.__name__, _putting)


def _creating(self: KmsBackend, policy: str | None, *given: Any, **named: Any) -> Key:
    _check(self.account_id, policy)
    return _create(self, policy, *given, **named)


def _putting(self: KmsBackend, key_id: str, policy: str) -> None:
    _check(self.account_id, policy)
    _put(self, key_id, policy)


def _check(account: str, policy: str | None) -> None:
    """Raise KMS's error for an unknown user or role; other accounts cannot be seen from here."""
    own = re.compile(rf"arn:aws[\w-]*:iam::{account}:(user|role)/.+")
    for statement in json.loads(policy or "{}").get("Statement", ()):
        principal = statement.get("Principal")
        named = principal.get("AWS", ()) if isinstance(principal, dict) else ()
        for arn in [named] if isinstance(named, str) else named:
            if own.fullmatch(arn) and not exists(account, arn):
                raise JsonRESTError(
                    "MalformedPolicyDocumentException",
                    "Policy contains a statement with one or more invalid principals.",
                )
