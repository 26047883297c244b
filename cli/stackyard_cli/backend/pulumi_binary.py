"""Finds the Pulumi CLI to run: the one on PATH if it matches the SDK, else the toolchain's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path

from stackyard_cli.backend.errors import EngineMissingError
from stackyard_cli.files import write_whole

MINIMUM = (3, 259, 0)
"""Oldest engine with which this code is tested; older ones lack the gRPC event stream."""


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI and its version, `major.minor.patch`."""

    path: Path
    version: str

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The version as numbers."""
        return _numbers(self.version)


def sdk_version() -> str:
    """Return the version of the installed Python SDK."""
    return installed("pulumi")


def why_not(engine: Engine) -> str | None:
    """Return the reason why this engine does not match, or None.

    The SDK itself checks only the major version and a very old minimum.
    """
    minimum = ".".join(map(str, MINIMUM))
    sdk = _numbers(sdk_version())
    if engine.numbers[0] != sdk[0]:
        return f"engine {engine.version} has another major version than SDK {sdk_version()}"
    if engine.numbers < MINIMUM:
        return f"engine {engine.version} is older than {minimum}"
    return None


def probe(path: Path) -> Engine:
    """Run a binary to get its version; raises EngineMissingError if it prints none."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [path, "version"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineMissingError(f"{path} does not run: {error}") from error
    text = answer.stdout.strip().removeprefix("v")
    if not re.match(r"^\d+\.\d+\.\d+", text):
        raise EngineMissingError(f"{path} gave no version (got {text!r})")
    return Engine(path, text)


def candidates() -> list[Path]:
    """Return the binaries to try, in order."""
    paths: list[Path] = []
    if on_path := shutil.which("pulumi"):
        paths.append(Path(on_path))
    if built := _built():
        paths.append(built)
    official = Path.home() / ".pulumi" / "versions" / sdk_version() / "bin" / "pulumi"
    if official.exists():
        paths.append(official)
    return paths


def find() -> Engine:
    """Return the engine to use; raises EngineMissingError with the binaries that do not match."""
    tried: list[str] = []
    for path in candidates():
        engine = _known(path)
        reason = why_not(engine)
        if reason is None:
            return engine
        tried.append(f"{path}: {reason}")
    raise EngineMissingError(
        "no usable Pulumi engine" + (f" ({'; '.join(tried)})" if tried else ""),
        hint="run `stackyard sandbox start` to build it, or `stackyard doctor --install-engine`",
    )


def install() -> Engine:
    """Run the SDK's official installer (needs a network) for the version of the SDK.

    Raises EngineMissingError with the installer's last line, or with the error of its download.
    """
    from pulumi.automation import PulumiCommand

    try:
        command = PulumiCommand.install()
    except subprocess.CalledProcessError as error:
        lines = error.output.decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"exit code {error.returncode}"
        raise EngineMissingError(f"Pulumi's installer failed: {last}") from error
    except OSError as error:
        hint = "without a network `stackyard sandbox build` makes the engine from its Go module"
        raise EngineMissingError(f"Pulumi's installer: {error}", hint=hint) from error
    return probe(Path(command.command))


def _known(path: Path) -> Engine:
    """Return the engine of a binary; its version is cached until the file changes."""
    from stackyard_sandbox.paths import toolchain_cache

    cache = toolchain_cache() / "engines.json"
    file = path.resolve().stat()
    key = f"{path}:{file.st_size}:{file.st_mtime_ns}"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Engine(path, json.loads(cache.read_text())[key])
    engine = probe(path)
    with suppress(OSError):
        write_whole(cache, json.dumps({key: engine.version}))
    return engine


def _built() -> Path | None:
    from stackyard_sandbox.toolchain import ToolchainError, tool

    try:
        return tool("pulumi")
    except ToolchainError:
        return None


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = re.split(r"[.+-]", version)[:3]
    return int(major), int(minor), int(patch)
