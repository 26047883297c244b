"""Reads the objects of one stack in a backend: checkpoint, pending operations, locks.

Layout of stacks, locks, history, backups:
https://github.com/pulumi/pulumi/tree/master/pkg/backend/diy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stackyard_cli.backend.errors import StateError

if TYPE_CHECKING:
    from stackyard.naming import StackId
    from stackyard_cli.backend.base import Store

SECRET_MARK = "4dabf18193072939515e22adb298388d"
"""Key that marks a wrapped value in a state, `sdk/go/common/resource/properties.go`."""

SECRET_KIND = "1b47061264138c4ac30d75fd1eb44270"
"""Value of the mark for a secret."""

Resource = dict[str, Any]


@dataclass(frozen=True)
class Lock:
    """A lock of the engine on a stack: its owner and its time."""

    key: str
    pid: int
    username: str
    hostname: str
    since: str

    def __str__(self) -> str:
        return f"{self.username}@{self.hostname} (pid {self.pid}) since {self.since[:19]}"


@dataclass(frozen=True)
class Pending:
    """An operation that has begun and whose result is not in the state."""

    operation: str
    resource: Resource

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return str(self.resource["urn"])


class Checkpoint:
    """A parsed checkpoint; its secrets stay encrypted."""

    def __init__(self, data: bytes, where: str) -> None:
        try:
            document = json.loads(data)
            self.version = int(document["version"])
            self.latest: dict[str, Any] = document["checkpoint"].get("latest") or {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                f"{where}: the state is not readable", hint=f"run `stackyard recover {where}`"
            ) from error
        self.data = data

    @property
    def resources(self) -> list[Resource]:
        """Resources in the order of the state: a dependency comes before its dependents."""
        return list(self.latest.get("resources") or [])

    @property
    def pending(self) -> list[Pending]:
        """Operations whose result is not in the state."""
        pending = self.latest.get("pending_operations") or []
        return [Pending(item["type"], item["resource"]) for item in pending]

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, with `[secret]` in place of every secret."""
        for resource in self.resources:
            if resource["type"] == "pulumi:pulumi:Stack":
                return {key: without_secrets(v) for key, v in resource.get("outputs", {}).items()}
        return {}

    @property
    def secret_outputs(self) -> set[str]:
        """Names of outputs that are, or contain, a secret."""
        for resource in self.resources:
            if resource["type"] == "pulumi:pulumi:Stack":
                return {key for key, v in resource.get("outputs", {}).items() if _has_secret(v)}
        return set()


def without_secrets(value: Any) -> Any:
    """Return the value with `[secret]` in place of every encrypted part."""
    if isinstance(value, dict):
        if value.get(SECRET_MARK) == SECRET_KIND:
            return "[secret]"
        return {key: without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


def _has_secret(value: Any) -> bool:
    return bool(without_secrets(value) != value)


class StackState:
    """The objects of one stack in a backend."""

    def __init__(self, store: Store, stack: StackId) -> None:
        self.store, self.stack = store, stack
        path = f"{stack.pulumi_project}/{stack.stage}"
        self.checkpoint_key = f".pulumi/stacks/{path}.json"
        self.lock_prefix = f".pulumi/locks/organization/{path}/"
        self.trace_prefixes = (f".pulumi/backups/{path}/", f".pulumi/history/{path}/")

    def raw(self) -> bytes | None:
        """Return the bytes of the checkpoint, None if the stack has none."""
        return self.store.get(self.checkpoint_key)

    def read(self) -> Checkpoint | None:
        """Return the checkpoint, None if the stack has none; raises StateError if it is damaged."""
        data = self.raw()
        return None if data is None else Checkpoint(data, str(self.stack))

    def locks(self) -> list[Lock]:
        """Return the locks on the stack; Pulumi's locks never expire."""
        locks: list[Lock] = []
        for key in self.store.keys(self.lock_prefix):
            try:
                item = json.loads(self.store.get(key) or b"{}")
            except ValueError:
                item = {}
            locks.append(
                Lock(
                    key=key,
                    pid=int(item.get("pid", 0)),
                    username=str(item.get("username", "unknown")),
                    hostname=str(item.get("hostname", "unknown")),
                    since=str(item.get("timestamp", "unknown")),
                )
            )
        return locks

    def traces(self) -> bool:
        """Return whether backups or history exist, which show that the stack was applied before."""
        return any(self.store.keys(prefix) for prefix in self.trace_prefixes)
