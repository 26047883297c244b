"""Commands that only read files load neither Pulumi nor boto3, and so start quickly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stackyard_cli.review.receipt import digest
from tests.support.git import Repo

PROJECT = "vision/defects/dev"

COMMANDS = {
    "init": ["init", "made"],
    "new": ["new", "vision/other", "--stage", "dev", "--preset", "vision"],
    "list": ["list"],
    "show": ["show", PROJECT],
    "show --origin": ["show", PROJECT, "--origin"],
    "validate": ["validate"],
    "schema": ["schema"],
    "access": ["access", PROJECT],
    "access --html": ["access", PROJECT, "--html", "access.html"],
    "retention": ["retention", PROJECT],
    "images list": ["images", "list", PROJECT],
    "images catalogue": ["images", "catalogue"],
    "images render": ["images", "render", PROJECT],
    "policy list": ["policy", "list"],
    "policy explain": ["policy", "explain", "protection-stateful"],
    "affected": ["affected", "--base", "main"],
    "diff": ["diff", "vision/defects/dev", "vision/defects/prod"],
    "promote": ["promote", "vision/defects", "dev", "staging", "--dry-run"],
    "receipts show": ["receipts", "show", "receipt.json"],
    "receipts diff": ["receipts", "diff", "receipt.json", "receipt.json"],
    "receipts verify": ["receipts", "verify", "receipt.json"],
    "ci render": ["ci", "render"],
    "ci jobs": ["ci", "jobs", "affected.json"],
    "ci matrix": ["ci", "matrix", "affected.json"],
    "ci receipts": ["ci", "receipts", "--affected", "affected.json", "--to", "receipts"],
    "report": ["report", "receipt.json"],
    "report --drift": ["report", "drift.json", "--drift"],
}
"""Each command and the words that run it on a copy of the reference estate."""

PROGRAM = """
import json, os, sys
import stackyard_cli.app
# Shared by most commands: imported once, so that each fork starts at once.
import stackyard.estate.estate
import stackyard.blueprints.project.config

def loaded(words):
    reader, writer = os.pipe()
    if os.fork() == 0:
        sys.stdout = sys.stderr = open(f"{os.getpid()}.log", "w")
        code = stackyard_cli.app.run(words)
        heavy = sorted({"pulumi", "pulumi_aws", "boto3", "botocore"} & sys.modules.keys())
        sys.stdout.flush()
        text = open(sys.stdout.name).read()[-2000:]
        os.write(writer, json.dumps([code, heavy, text]).encode())
        os._exit(0)
    os.close(writer)
    os.wait()
    return json.loads(os.read(reader, 100_000))

print(json.dumps({command: loaded(words) for command, words in json.loads(sys.argv[1]).items()}))
"""
"""Runs each command in a process of its own, forked from one that has read no file yet."""

Outcome = tuple[int, list[str], str]
"""Exit code, the heavy modules that were loaded, and the last output."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    root = tmp_path_factory.mktemp("files-only")
    repo = Repo(root)
    _write_inputs(repo.root)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(COMMANDS)],
        cwd=repo.root,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Outcome] = json.loads(done.stdout)
    return found


def _write_inputs(root: Path) -> None:
    cost = {
        "floor": 0.0,
        "ceiling": 0.0,
        "unknown": [],
        "currency": "USD",
        "delta": {"floor": 0.0, "ceiling": 0.0},
    }
    receipt = {
        "format": 1,
        "stack": PROJECT,
        "created_at": "2026-01-01T00:00:00Z",
        "outcome": "ready",
        "cost": cost,
        "stops": [],
        "policy": [],
        "warnings": [],
        "steps": [],
        "fingerprint": {},
    }
    (root / "receipt.json").write_text(json.dumps({**receipt, "digest": digest(receipt)}))
    (root / "affected.json").write_text(json.dumps({"base": "0" * 40, "stacks": []}))
    (root / "drift.json").write_text("[]")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_verb_that_reads_files_loads_neither_pulumi_nor_boto3(
    command: str, outcomes: dict[str, Outcome]
) -> None:
    code, heavy, output = outcomes[command]
    assert code == 0, output
    assert heavy == []
