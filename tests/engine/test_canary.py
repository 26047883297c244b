"""A marked secret in every place where a program can put one; it must come out nowhere."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli.engine.messages import Event, dump
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.review.steps import normalised

from .harness import STACK, Harness

CANARY = "canary-7f3a9c51e0d24b86"
WORKER = (sys.executable, str(Path(__file__).parent / "canary_worker.py"))


class Ears:
    """Everything that leaves a worker, and the arguments of every process meanwhile."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Ears:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def watch(self, _task: Task, event: Event) -> None:
        self.heard.append(dump(event))

    def _listen(self) -> None:
        while not self._over.wait(0.05):
            shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True)
            self.heard += [line for line in shown.stdout.splitlines() if CANARY in line]


@pytest.fixture
def watched(harness: Harness) -> Harness:
    del harness.location.environment["PULUMI_CONFIG_PASSPHRASE_FILE"]
    harness.location.environment["PULUMI_CONFIG_PASSPHRASE"] = CANARY
    harness.worker = WORKER
    return harness


def run(harness: Harness, ears: Ears, operation: Any, **config: Any) -> Report:
    task = Task(STACK, "project", config, "digest", {})
    return harness.runner(ears.watch).run(task, operation, values=True)


def hits(folder: Path, but: Path) -> list[str]:
    """The files below a folder that hold the canary in plain, the cloud itself left out."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and but not in path.parents and CANARY.encode() in path.read_bytes()
    ]


def test_a_secret_comes_out_of_nothing(
    watched: Harness, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Ears() as ears:
        reports = [
            run(watched, ears, "preview"),
            run(watched, ears, "up"),
            run(watched, ears, "up", raises=True),
        ]
    assert [report.ok for report in reports] == [True, True, False]
    assert watched.things() == [CANARY], "the cloud did get the secret"
    told = json.dumps([asdict(report.result) for report in reports]) + "".join(ears.heard)
    told += json.dumps([normalised(report) for report in reports])
    told += "".join(capfd.readouterr())
    assert "connecting with [secret]" in told
    assert "cannot connect with [secret]" in told
    assert CANARY not in told
    assert hits(tmp_path, watched.cloud) == []


def test_a_provider_that_names_the_secret_in_its_error_is_masked(
    watched: Harness, tmp_path: Path
) -> None:
    with Ears() as ears:
        report = run(watched, ears, "up", refused=True)
    assert "refused [secret]" in str(report.result.problem)
    assert CANARY not in "".join(ears.heard) + str(report)
    assert hits(tmp_path, watched.cloud) == []
