"""Secrets in their recovery window after a destroy: restores them, or frees their names.

A name stays taken until the window ends, so that the next `up` could not create the secret:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from stackyard.naming import StackId
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.inventory.census import STACK_TAG, plain_tags

SECRET = "aws:secretsmanager/secret:Secret"
ABSENT = "Absent"
"""State of a key that KMS does not know any more."""


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

    One whose key no longer exists has a value that nobody can read: it is deleted at once instead,
    and not in the answer. Raises StackyardError, before it changes anything, for one whose key is
    only scheduled for deletion: its value can still be saved.
    """
    client, arns = account.client("secretsmanager"), {}
    states = [
        (secret, _key_state(account, secret.get("KmsKeyId")))
        for secret in scheduled(account, stack)
    ]
    for secret, state in states:
        if state not in {"Enabled", ABSENT}:
            raise _blocked(secret, state)
    for secret, state in states:
        if state == ABSENT:
            client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
        else:
            client.restore_secret(SecretId=secret["ARN"])
            arns[secret["Name"]] = secret["ARN"]
    return arns


def _key_state(account: Account, key: str | None) -> str:
    """Return the state of a secret's key; without one it is AWS's own, which is always enabled."""
    if key is None:
        return "Enabled"
    kms = account.client("kms")
    try:
        return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
    except kms.exceptions.NotFoundException:
        return ABSENT


def _blocked(secret: dict[str, Any], state: str) -> StackyardError:
    name, key = secret["Name"], secret["KmsKeyId"]
    message = (
        f"the secret {name} of a destroyed stack waits for its deletion; its key {key} is {state}"
    )
    hint = (
        f"to keep the value: `aws kms cancel-key-deletion --key-id {key}` and `aws kms enable-key "
        f"--key-id {key}`; else `aws secretsmanager delete-secret --force-delete-without-recovery "
        f"--secret-id {name}`; then run `up` again"
    )
    return StackyardError(message, hint=hint, code=ExitCode.FAILED)
