"""Creates the work folder of one operation on one stack, and runs the CLI in it (parent side)."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackyard.naming import StackId
from stackyard_cli.backend.errors import StateError
from stackyard_cli.backend.location import PASSPHRASE, Location
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.files import PRIVATE_UMASK

SCRATCH = "backend"


@dataclass(frozen=True)
class Session:
    """A work folder with `Pulumi.yaml` and the stack's key file, while an operation runs."""

    location: Location
    engine: Engine
    stack: StackId
    folder: Path
    environment: dict[str, str]

    @property
    def key_path(self) -> Path:
        """Path at which the CLI stores the stack's salt or wrapped key."""
        return self.folder / f"Pulumi.{self.stack.stage}.yaml"

    def cli(self, *arguments: str) -> str:
        """Run the CLI and return its stdout; raises StateError with its last line."""
        answer = subprocess.run(
            [self.engine.path, *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            start_new_session=True,
            umask=PRIVATE_UMASK,
            check=False,
        )
        if answer.returncode != 0:
            lines = [line for line in answer.stderr.splitlines() if line.strip()]
            reason = lines[-1].strip() if lines else f"exit code {answer.returncode}"
            raise StateError(
                f"{self.stack}: `pulumi {arguments[0]} {arguments[1]}` failed: {reason}"
            )
        return answer.stdout

    def create(self) -> None:
        """Create the stack in the backend."""
        provider = self.location.secrets_provider
        self.cli(
            "stack", "init", self.stack.reference, "--secrets-provider", provider, "--no-select"
        )

    def create_in_scratch(self) -> None:
        """Create an empty stack in the scratch backend by writing its checkpoint.

        With a passphrase the CLI creates the key on first use, so `stack init`, another start of
        the CLI, is not needed.
        """
        path = self.folder / SCRATCH / self.location.state(self.stack).checkpoint_key
        path.parent.mkdir(parents=True)
        empty = {"version": 3, "checkpoint": {"stack": self.stack.reference, "latest": None}}
        path.write_text(json.dumps(empty), encoding="utf-8")

    def copy_state_of(self, upstream: StackId) -> None:
        """Copy an upstream's state into the scratch backend, so that its contract can be read."""
        state = self.location.state(upstream)
        if data := state.raw():
            path = self.folder / SCRATCH / state.checkpoint_key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def keep_key_file(self) -> None:
        """Store the key file with the stack's record."""
        if self.key_path.exists():
            self.location.records(self.stack).keep_key_file(self.key_path.read_bytes())

    def replace_state(self, deployment: dict[str, Any]) -> None:
        """Write a repaired state; the CLI takes the lock and verifies the state's integrity."""
        path = self.folder / "state.json"
        path.write_text(json.dumps(deployment), encoding="utf-8")
        self.cli("stack", "import", "--file", str(path), "--stack", self.stack.reference)
        path.unlink()


@contextmanager
def session(
    location: Location, engine: Engine, stack: StackId, *, scratch: bool = False
) -> Iterator[Session]:
    """Create a work folder below the estate's home, and remove it afterwards.

    A `scratch` session has its own backend inside the folder: the preview of a stack that does not
    exist yet writes nothing to the real one.
    """
    work = location.home / "work"
    work.mkdir(mode=0o700, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=work, prefix=f"{stack.slug}-"))
    try:
        environment = dict(location.environment)
        if scratch:
            (folder / SCRATCH).mkdir()
            environment["PULUMI_BACKEND_URL"] = f"file://{folder / SCRATCH}"
            if location.secrets_provider != "passphrase":
                # The role for previews may not use the team's key; the scratch state needs none.
                environment[PASSPHRASE[0]] = secrets.token_urlsafe(32)
        opened = Session(location, engine, stack, folder, environment)
        settings = {"name": stack.pulumi_project, "runtime": "python", "main": "."}
        (folder / "Pulumi.yaml").write_text(json.dumps(settings), encoding="utf-8")
        if key := location.records(stack).key_file():
            opened.key_path.write_bytes(key)
        yield opened
    finally:
        shutil.rmtree(folder, ignore_errors=True)
