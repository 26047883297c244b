"""A marked secret in every place where a user can put one; the command lets it out nowhere."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard_sandbox.paths import toolchain_cache
from tests.support.clients import Clients
from tests.support.workspace import Workspace

STACK = "trial/canary/dev"
FILE = f"stacks/{STACK}.yaml"
VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "GITHUB_TOKEN",
    "STACKYARD_TOKEN",
    "MLFLOW_TRACKING_PASSWORD",
    "REGISTRY_PASSWORD",
)
CANARY = "canary-e2e-51d07c9ae483"
MARK = CANARY.encode()
STARTED = """\
import sys
if "stackyard_cli.engine.worker.main" in sys.orig_argv:
    import canary_program
"""


class Cage:
    """Runs the command with a canary in each variable, and keeps whatever it lets out."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.workspace, self.temp, self.home = workspace, folder / "temp", folder / "home"
        self.seen: list[str] = []
        start = folder / "start"
        for made in (self.temp, self.home, start):
            made.mkdir()
        (start / "sitecustomize.py").write_text(STARTED)
        shutil.copy(Path(__file__).parent / "canary_program.py", start)
        self.environment = {
            **os.environ,
            **{name: f"{CANARY}-{name.lower()}" for name in VARIABLES},
            "HOME": str(self.home),
            "STACKYARD_CACHE_DIR": str(toolchain_cache()),
            "TMPDIR": str(self.temp),
            "PYTHONPATH": str(start),
            "STACKYARD_DEBUG": "1",
        }
        self._over = threading.Event()
        self._eyes = threading.Thread(target=self._watch)
        self._eyes.start()

    def close(self) -> None:
        self._over.set()
        self._eyes.join()

    def write(self, way: str, more: str = "") -> None:
        path = self.workspace.folder / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"tags: {{canary: {way}}}\n{more}")

    def run(self, *words: str, code: int = 0) -> str:
        """Run the command; both of its streams are kept."""
        process = self.start(*words)
        out, err = process.communicate(timeout=280)
        self.seen += [out, err]
        assert process.returncode == code, f"{words}: {process.returncode}\n{out}\n{err}"
        return out + err

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "stackyard_cli", *words],
            cwd=self.workspace.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def leaks(self) -> list[str]:
        """Where the canary is: in what was written or said, or in the arguments of a process."""
        sandbox = self.workspace.sandbox.directory
        found = [text[:300] for text in self.seen if CANARY in text]
        files = [path for one in (self.temp, self.home, sandbox) for path in one.rglob("*")]
        # What the cloud itself holds is where a secret belongs: in etcd, below `planes`.
        kept = [path for path in files if path.is_file() and "planes" not in path.parts]
        return found + [str(path) for path in kept if MARK in _bytes(path)]

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                if MARK in (arguments := _bytes(path)):
                    self.seen.append(f"process: {arguments!r}")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture
def cage(applied: Workspace, tmp_path: Path) -> Iterator[Cage]:
    workspace = Workspace(tmp_path / "estate", applied.sandbox)
    for name in ("_estate.yaml", "_defaults.yaml", "_stages", "platform"):
        source = applied.folder / "stacks" / name
        target = workspace.folder / "stacks" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    found = Cage(tmp_path, workspace)
    yield found
    found.close()


def test_a_secret_comes_out_of_nothing(cage: Cage, aws: Clients) -> None:
    _would_be_seen(cage)
    said = f"secrets: {{entries: {{api: {{value: {CANARY}, rotation_days: {CANARY}}}}}}}\n"
    cage.write("fine", said)
    assert "[hidden]" in cage.run("validate", code=2)

    cage.write("fine")
    receipts = cage.temp / "receipts"
    told = cage.run("preview", STACK, "--diff", "--receipt", str(receipts / "one.json"))
    told += cage.run("report", str(receipts))
    told += cage.run("up", STACK, "--receipt", str(receipts / "one.json"))
    assert "connecting with [secret]" in told
    assert "printed [secret]" in told
    vault = aws("secretsmanager")
    held = vault.get_secret_value(SecretId="canary-held")["SecretString"]
    assert held == cage.environment["REGISTRY_PASSWORD"], "the cloud did get it"
    vault.put_secret_value(SecretId="canary-held", SecretString=f"{CANARY}-store")
    drift = cage.start("drift", STACK, "--json")
    rows, err = drift.communicate(timeout=280)
    cage.seen += [rows, err]
    (cage.temp / "drift.json").write_text(rows)
    cage.run("report", "--drift", str(cage.temp / "drift.json"))
    assert "[secret]" in cage.run("outputs", STACK)
    cage.run("status", STACK)

    for way, text in (("raises", "cannot connect with [secret]"), ("refused", "[secret]")):
        cage.write(way)
        assert text in cage.run("up", STACK, "--yes", code=1)
    _killed(cage)
    cage.write("fine")
    cage.run("recover", STACK)
    assert cage.leaks() == []
    cage.run("destroy", STACK, "--yes")
    assert cage.leaks() == []


def _would_be_seen(cage: Cage) -> None:
    (cage.temp / "leak").write_text(f"by {CANARY}")
    subprocess.run(["sh", "-c", "sleep 1", CANARY], check=True)
    assert any("process" in leak for leak in cage.leaks())
    assert str(cage.temp / "leak") in cage.leaks()
    (cage.temp / "leak").unlink()
    cage.seen.clear()


def _killed(cage: Cage) -> None:
    """Kill a run in its middle, the command and its worker, so that what it used stays behind."""
    cage.write("sleeps")
    run = cage.start("up", STACK, "--yes")
    work = cage.workspace.sandbox.directory / "state" / "acme" / "work"
    deadline = time.monotonic() + 60
    while not any(work.glob("trial-canary-dev-*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(3)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    for pid in (run.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    cage.seen += list(run.communicate())
    time.sleep(2)
