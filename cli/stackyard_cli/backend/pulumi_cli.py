"""The state backends that only the engine can read: Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stackyard_cli.backend.errors import BackendError
from stackyard_cli.backend.folder import FolderStore

STACKS = ".pulumi/stacks/"
ORGANIZATION = "organization/"
"""The engine's prefix of every stack name in such a backend."""

UNKNOWN_STACK = "no stack named"
"""Part of the engine's message for a stack that does not exist."""


class EngineStore:
    """States by `pulumi stack export`; all objects of Stackyard in a folder of this machine.

    Locks, backups and history are not visible. The engine refuses a locked stack by itself, but
    only during its run, and other machines have no record of the applied config. Secrets stay
    encrypted: https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_export/.
    """

    sees_locks = False

    def __init__(self, url: str, environment: Mapping[str, str], folder: Path) -> None:
        self._url, self._environment = url, {**environment, "PULUMI_BACKEND_URL": url}
        self._own = FolderStore(folder)

    def get(self, key: str) -> bytes | None:
        """Return a state as a checkpoint, or an object of Stackyard; None for all other keys."""
        if not key.startswith(".pulumi/"):
            return self._own.get(key)
        if not (key.startswith(STACKS) and key.endswith(".json")):
            return None
        reference = _reference(key)
        text = self._engine("stack", "export", "--stack", reference)
        if text is None:
            return None
        exported = json.loads(text)
        latest = exported["deployment"]
        checkpoint = {"stack": reference, "latest": latest if "resources" in latest else None}
        return json.dumps({"version": exported["version"], "checkpoint": checkpoint}).encode()

    def put(self, key: str, data: bytes) -> None:
        """Write an object of Stackyard, or a state, which the engine checks and locks."""
        if not key.startswith(".pulumi/"):
            self._own.put(key, data)
            return
        read = json.loads(data)
        exported = {"version": read["version"], "deployment": read["checkpoint"]["latest"]}
        self._engine("stack", "import", "--stack", _reference(key), given=json.dumps(exported))

    def delete(self, key: str) -> None:
        """Remove an object of Stackyard."""
        self._own.delete(key)

    def mend(self, key: str) -> None:
        """Do nothing: only the engine writes states there."""

    def keys(self, prefix: str) -> list[str]:
        """Return Stackyard's objects, or the states; locks, backups and history are not visible."""
        if not prefix.startswith(".pulumi/"):
            return self._own.keys(prefix)
        if prefix != STACKS:
            return []
        listed = json.loads(self._engine("stack", "ls", "--all", "--json") or "[]")
        names = (one["name"].removeprefix(ORGANIZATION) for one in listed)
        return sorted(f"{STACKS}{name}.json" for name in names)

    def _engine(self, *arguments: str, given: str | None = None) -> str | None:
        """Run the engine and return its output, None for a stack that does not exist."""
        from stackyard_cli.backend import pulumi_binary

        self._own.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        answer = subprocess.run(
            [pulumi_binary.find().path, *arguments, "--non-interactive"],
            cwd=self._own.root,
            env={**os.environ, **self._environment},
            input=given,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )
        if answer.returncode == 0:
            return answer.stdout
        if UNKNOWN_STACK in answer.stderr:
            return None
        lines = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
        reason = lines[-1].removeprefix("error: ") if lines else f"exit code {answer.returncode}"
        raise BackendError(f"{self._url} is not readable: {reason}")


def _reference(key: str) -> str:
    """Return the engine's name of the stack of a state's key."""
    return f"{ORGANIZATION}{key.removeprefix(STACKS).removesuffix('.json')}"
