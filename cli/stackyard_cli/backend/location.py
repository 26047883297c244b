"""Finds the backend, records and journals of an estate, and the engine's environment."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.base import Store
from stackyard_cli.backend.checkpoint import StackState
from stackyard_cli.backend.errors import BackendError
from stackyard_cli.backend.open import open_store
from stackyard_cli.backend.records import Records

PASSPHRASE = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@dataclass(frozen=True)
class Location:
    """An estate's folder on this machine, and its backend."""

    home: Path
    """Folder of journals, work folders and the passphrase of a local backend; mode 0700."""

    backend_url: str
    secrets_provider: str
    """`passphrase`, or `awskms://KEY?region=…`."""

    environment: dict[str, str]
    """Environment variables of workers and the engine, in addition to those of this process."""

    @cached_property
    def store(self) -> Store:
        """The backend's objects."""
        return open_store(self.backend_url, self.environment, self.home)

    def state(self, stack: StackId) -> StackState:
        """Return the state of one stack."""
        return StackState(self.store, stack)

    def records(self, stack: StackId) -> Records:
        """Return the records of one stack."""
        return Records(self.store, stack)


def location_of(
    *,
    name: str,
    root: Path,
    target: Literal["aws", "sandbox"],
    backend: str | None,
    secrets_provider: str | None,
) -> Location:
    """Return the location of an estate; raises BackendError for invalid settings.

    `target: sandbox` requires a running sandbox, because the engine attaches to its providers.
    """
    environment: dict[str, str] = {}
    if target == "sandbox":
        home, environment = _sandbox(name)
    else:
        home = _state_home() / f"{name}-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = backend or f"file://{home / 'backend'}"
    provider = secrets_provider or "passphrase"
    if provider == "passphrase" and not any(os.environ.get(key) for key in PASSPHRASE):
        if not url.startswith("file://"):
            raise BackendError(
                f"{url}: a shared backend needs a shared key",
                hint="set `state.secrets: awskms://…` in stacks/_estate.yaml, or "
                "PULUMI_CONFIG_PASSPHRASE_FILE",
            )
        environment[PASSPHRASE[1]] = str(_passphrase(home))
    if url.startswith("file://"):
        Path(url.removeprefix("file://")).mkdir(mode=0o700, parents=True, exist_ok=True)
    environment |= {
        "PULUMI_BACKEND_URL": url,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_HOME": str(home / "pulumi") if target == "sandbox" else _pulumi_home(),
    }
    return Location(home, url, provider, environment)


def location_of_estate(estate: Estate) -> Location:
    """Return the backend location in the settings of an estate."""
    settings = estate.settings
    return location_of(
        name=settings.name,
        root=estate.root,
        target=settings.target,
        backend=settings.state.backend,
        secrets_provider=settings.state.secrets,
    )


def _sandbox(name: str) -> tuple[Path, dict[str, str]]:
    from stackyard_sandbox import daemon
    from stackyard_sandbox.paths import sandbox_home
    from stackyard_sandbox.state import SandboxError

    try:
        sandbox = daemon.current()
        if sandbox is None:
            raise BackendError("the sandbox is not running", hint="run `stackyard sandbox start`")
        return sandbox_home() / "state" / name, dict(sandbox.engine_environment())
    except SandboxError as error:
        raise BackendError(error.message, hint=error.hint) from error


def _passphrase(home: Path) -> Path:
    """Return the file of the estate's passphrase; the first call generates it."""
    path = home / "passphrase"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(secrets.token_urlsafe(32))
    return path


def _state_home() -> Path:
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local/state") / "stackyard" / "estates"


def _pulumi_home() -> str:
    return os.environ.get("PULUMI_HOME") or str(Path.home() / ".pulumi")
