"""The lock of packages on a base image: the packages pip would add, with the hash of each file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from stackyard.images.catalogue import Base

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
"""Wheel platforms that Debian 12 on x86-64 supports, https://peps.python.org/pep-0600/."""


class LockError(Exception):
    """No set of packages is compatible with the base image."""


def locked(base: Base, packages: list[str]) -> dict[str, list[str]]:
    """Return the packages that pip would add to a base image, each with the digests of its files.

    Queries the package index that pip is configured with; downloads no package, installs nothing.
    Raises LockError with pip's own message, or if the running Python has another version than the
    base image: pip chooses packages for the Python that runs it
    (https://pip.pypa.io/en/stable/cli/pip_install/, `--python-version`).
    """
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if own != base.python:
        raise LockError(
            f"{base.name} has Python {base.python}; run the command with it, not with {own}"
        )
    with tempfile.TemporaryDirectory() as folder:
        report, kept = Path(folder) / "report.json", Path(folder) / "base.txt"
        kept.write_text("".join(f"{name}=={value}\n" for name, value in base.packages.items()))
        done = subprocess.run(
            [*_command(base, folder), "--constraint", kept, "--report", report, *packages],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise LockError(done.stderr.strip() or done.stdout.strip())
        resolved = json.loads(report.read_text())["install"]
    return dict(sorted(_entry(item) for item in resolved if _name(item) not in base.packages))


def _command(base: Base, folder: str) -> list[str]:
    python = ["--python-version", base.python, "--implementation", "cp"]
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    nothing = ["--dry-run", "--ignore-installed", "--target", folder, "--only-binary=:all:"]
    return [*pip, *nothing, *python, *platforms]


def _name(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"]).lower().replace("_", "-").replace(".", "-")


def _entry(item: dict[str, Any]) -> tuple[str, list[str]]:
    digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{_name(item)}=={item['metadata']['version']}", [f"sha256:{digest}"]
