"""Creates the auditors' own environments; they pin other versions than the product.

Each is made once from its lock file (`requirements-NAME.txt`, with hashes), beside the sandbox's
toolchain: `<cache>/audit/NAME-<digest>`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

from stackyard_sandbox.paths import toolchain_cache
from stackyard_sandbox.processes import only_one

LOCKS = Path(__file__).parent
NAMES = ("iam", "checkov", "prowler")


class ToolError(Exception):
    """An auditor could not be installed, or did not end as it should."""


def prepared(name: str) -> Path:
    """Return the folder of an auditor's programs; installs them the first time."""
    lock = LOCKS / f"requirements-{name}.txt"
    facts = [lock.read_bytes(), sys.version.encode(), platform.machine().encode()]
    digest = hashlib.sha256(b"\0".join(facts)).hexdigest()[:16]
    home = toolchain_cache() / "audit" / f"{name}-{digest}"
    done = home / ".installed"
    home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(home.with_suffix(".lock")):
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            _install(lock, home)
            done.touch()
    return home / "bin"


def _install(lock: Path, home: Path) -> None:
    say(f"{lock.name}: installing, which takes a minute or two the first time")
    started = time.monotonic()
    run([sys.executable, "-m", "venv", str(home)], {})
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--no-deps", "--no-compile"]
    run([*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(lock)], {})
    say(f"{lock.name}: installed in {time.monotonic() - started:.0f} s")


def run(
    command: list[str],
    environment: dict[str, str],
    *,
    home: Path | None = None,
    given: str = "",
    codes: tuple[int, ...] = (0,),
) -> str:
    """Run an auditor and return what it printed; raises ToolError on any other exit code.

    With `home` it keeps its settings and caches there, not in the caller's home.
    """
    done = subprocess.run(
        command,
        input=given,
        env={**os.environ, **environment, **(_closed(home) if home else {})},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in codes:
        tail = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise ToolError("\n".join([f"{command[0]} ended with {done.returncode}", *tail]))
    return done.stdout


def _closed(home: Path) -> dict[str, str]:
    """Let an auditor speak to this machine only, and be no user's but its own."""
    nowhere = "http://127.0.0.1:9"
    return {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "none"),
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def say(line: str) -> None:
    """Narrate on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
