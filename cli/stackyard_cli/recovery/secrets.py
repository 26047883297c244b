"""Secrets that a destroy left in their recovery window: brought back, or their names set free.

A name stays taken until the window ends, so that the next `up` could not create the secret:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from stackyard.naming import StackId
from stackyard_cli.inventory.census import STACK_TAG, plain_tags

SECRET = "aws:secretsmanager/secret:Secret"


class Account(Protocol):
    """Creates clients in the stack's account and region."""

    def client(self, service: str) -> Any:
        """Return the client of a service."""


def scheduled(account: Account, stack: StackId) -> Iterator[dict[str, Any]]:
    """Yield the stack's secrets that wait for their deletion, as the API returns them."""
    pages = account.client("secretsmanager").get_paginator("list_secrets")
    for page in pages.paginate(IncludePlannedDeletion=True):
        for secret in page["SecretList"]:
            mine = plain_tags(secret.get("Tags", [])).get(STACK_TAG) == str(stack)
            if mine and secret.get("DeletedDate"):
                yield secret


def restored(account: Account, stack: StackId) -> dict[str, str]:
    """Restore the stack's secrets with their values; return ARN by name.

    One whose key is gone, too, has a value that nobody can read: it is deleted at once instead, and
    not in the answer.
    """
    client, found = account.client("secretsmanager"), {}
    for secret in scheduled(account, stack):
        if _is_readable(account, secret.get("KmsKeyId")):
            client.restore_secret(SecretId=secret["ARN"])
            found[secret["Name"]] = secret["ARN"]
        else:
            client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
    return found


def _is_readable(account: Account, key: str | None) -> bool:
    """Whether a secret's key can decrypt; without one it is AWS's own, which always can."""
    if key is None:
        return True
    kms = account.client("kms")
    try:
        return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]) == "Enabled"
    except kms.exceptions.NotFoundException:
        return False
