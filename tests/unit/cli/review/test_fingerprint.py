"""Each thing that an approval binds, really changed: `up` refuses before an engine starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.budget.prices import Prices
from stackyard_cli import app
from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.records import new_record
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.review import approval, fingerprint, policies, receipt
from stackyard_cli.review.cost import cost_of
from stackyard_cli.review.gate import Review
from stackyard_cli.review.unchanged import remember, unchanged

STACK = "vision/defects/dev"
ESTATE = """\
name: acme
target: aws
state: {{backend: "file://{backend}", secrets: passphrase}}
policy:
  registries: ["123456789012.dkr.ecr.eu-central-1.amazonaws.com/"]
"""


class Change:
    """An approved change of a stack, and the world that may move before it is applied."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.backend, self.monkeypatch = root, root / "backend", monkeypatch
        self.started = root / "engine-started"
        self.file = root / "receipt.json"
        engine = root / "pulumi"
        engine.write_text(f"#!/bin/sh\ntouch {self.started}\nexit 1\n")
        engine.chmod(0o755)
        self.engine = pulumi_binary.Engine(engine, "3.259.0")
        monkeypatch.setattr(pulumi_binary, "find", lambda: self.engine)
        self.estate = root / "stacks/_estate.yaml"
        self.estate.write_text(ESTATE.format(backend=self.backend))
        self.state("vision.defects", [{"urn": "urn:1", "type": "aws:s3/bucket:Bucket"}])
        self.state("platform.foundation", outputs={"contract": {"cluster": "one"}})
        self.state("platform.services", outputs={"contract": {"queue": "one"}})
        self.approve()

    def state(self, project: str, resources: Any = (), outputs: Any = None) -> None:
        """Write a stack's checkpoint, as the engine would."""
        stack = {"urn": "urn:0", "type": "pulumi:pulumi:Stack", "outputs": outputs or {}}
        latest = {"resources": [stack, *resources]}
        path = self.backend / f".pulumi/stacks/{project}/dev.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))

    def approve(self) -> None:
        """Write the receipt of a change that was reviewed now."""
        opened = Deployment.open(self.root)
        [[task]] = opened.layers([opened.estate.one(STACK)])
        step = Step("start", "urn:1", "aws:s3/bucket:Bucket", "update")
        report = Report(task, "preview", steps={step.urn: step})
        review = Review(report, [], [], cost_of([step], Prices("eu-central-1")), [], [])
        bound = approval.bound(opened.context, task)
        receipt.write(self.file, receipt.receipt(review, bound, refresh=False))

    def everything(self) -> dict[str, bytes]:
        """All that the backend holds."""
        return {str(p): p.read_bytes() for p in self.backend.rglob("*") if p.is_file()}

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / "stacks" / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def version(self, package: str) -> None:
        """Pretend that another version of a package is installed."""
        real = vars(fingerprint)["version"]
        self.monkeypatch.setattr(
            fingerprint, "version", lambda name: "0.0.1" if name == package else real(name)
        )

    def source(self, name: str) -> None:
        """Pretend that a source file differs."""
        real = Path.read_bytes

        def read(path: Path) -> bytes:
            return real(path) + (b"#" if path.as_posix().endswith(name) else b"")

        self.monkeypatch.setattr(Path, "read_bytes", read)
        forget_sources()

    def applied(self) -> tuple[Deployment, Task]:
        """Record the stack as applied now; return it as a later run sees it."""
        opened = Deployment.open(self.root)
        task = opened.task(opened.estate.one(STACK))
        made = new_record(task.stack, task.blueprint)
        opened.location.records(task.stack).write(made.now("applied", digest=task.digest))
        remember(opened.context, task)
        return opened, task


def forget_sources() -> None:
    """Let digests of source files be computed again."""
    fingerprint.program_digest.cache_clear()
    policies.rules_digest.cache_clear()


@pytest.fixture
def change(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Change]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    forget_sources()
    yield Change(root, monkeypatch)
    forget_sources()


def sdk(change: Change) -> None:
    change.monkeypatch.setattr(fingerprint, "sdk_version", lambda: "0.0.1")


def engine(change: Change) -> None:
    change.engine = pulumi_binary.Engine(change.engine.path, "3.999.0")


MOVES: list[tuple[str, Callable[[Change], None]]] = [
    ("state", lambda c: c.state("vision.defects", [{"urn": "urn:1", "type": "aws:kms/key:Key"}])),
    ("state", lambda c: (c.backend / ".pulumi/stacks/vision.defects/dev.json").unlink()),
    ("config", lambda c: c.edit("vision/defects/_defaults.yaml", "cpu: 32", "cpu: 31")),
    ("config", lambda c: c.edit("_defaults.yaml", "company: acme", "company: other")),
    ("program", lambda c: c.source("stackyard/datasets/component.py")),
    ("program", lambda c: c.source("stackyard/images/templates/base.Dockerfile.j2")),
    ("policies", lambda c: c.source("stackyard_policies/storage.py")),
    ("policies", lambda c: c.edit("_estate.yaml", ".amazonaws.com/", ".amazonaws.com/ours/")),
    ("upstreams", lambda c: c.state("platform.foundation", outputs={"contract": {}})),
    ("engine", engine),
    ("sdk", sdk),
    ("pulumi-aws", lambda c: c.version("pulumi-aws")),
    ("pulumi-kubernetes", lambda c: c.version("pulumi-kubernetes")),
    ("pulumi-policy", lambda c: c.version("pulumi-policy")),
    ("stackyard", lambda c: c.version("stackyard")),
]


@pytest.mark.parametrize(("key", "move"), MOVES)
def test_what_moved_is_refused_with_both_values_and_nothing_is_touched(
    change: Change,
    key: str,
    move: Callable[[Change], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    approved = json.loads(change.file.read_text())["fingerprint"]
    move(change)
    held = change.everything()
    words = ["up", STACK, "--receipt", str(change.file), "--estate", str(change.root)]
    assert app.run(words) == 3
    told = capsys.readouterr().err
    change.approve()
    now = json.loads(change.file.read_text())["fingerprint"]
    assert [each for each in now if now[each] != approved[each]] == [key], "one thing moved"
    assert f"the receipt is stale: {STACK}: {key}: approved {shown(approved, key)}" in told
    assert f", now {shown(now, key)}" in told
    assert change.everything() == held
    assert not change.started.exists()


def shown(bound: dict[str, Any], key: str) -> str:
    """The beginning of a value, which tells two of them apart."""
    value = bound[key]
    return (value if isinstance(value, str) else json.dumps(value, sort_keys=True))[:12]


def test_every_part_is_moved_by_a_test(change: Change) -> None:
    bound = json.loads(change.file.read_text())["fingerprint"]
    assert set(bound) == {key for key, _ in MOVES}


def test_where_nothing_moved_the_engine_is_asked(change: Change) -> None:
    words = ["up", STACK, "--receipt", str(change.file), "--estate", str(change.root)]
    assert app.run(words) == 1
    assert change.started.exists()


def test_a_stack_of_which_nothing_moved_is_unchanged_and_no_engine_starts(
    change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    opened, task = change.applied()
    record = opened.location.records(task.stack).read()
    assert record is not None
    held = change.everything()
    for words in (["preview", "--expect-no-changes"], ["up"]):
        assert app.run([*words, STACK, "--estate", str(change.root)]) == 0
    told = capsys.readouterr()
    assert f"{STACK}: unchanged since {record.at}" in told.out
    assert "0 applied, 1 unchanged" in told.err
    assert "cost" not in told.out + told.err, "a cost of nothing would read as the stack's"
    assert change.everything() == held
    assert not change.started.exists()


@pytest.mark.parametrize(("key", "move"), MOVES)
def test_a_stack_of_which_one_thing_moved_is_previewed(
    change: Change, key: str, move: Callable[[Change], None]
) -> None:
    opened, task = change.applied()
    assert unchanged(opened.context, task)
    move(change)
    opened = Deployment.open(change.root)
    assert unchanged(opened.context, opened.task(task.stack)) is None, key


@pytest.mark.parametrize("outcome", ["failed", "interrupted", "unsettled", "destroyed"])
def test_a_stack_whose_last_run_did_not_succeed_is_previewed(change: Change, outcome: Any) -> None:
    opened, task = change.applied()
    records = opened.location.records(task.stack)
    record = records.read()
    assert record is not None
    records.write(record.now(outcome))
    assert unchanged(opened.context, task) is None


@pytest.mark.parametrize("words", [["--all"], ["--refresh"], ["--receipt", "receipts"]])
def test_every_preview_is_made_on_request(change: Change, words: list[str]) -> None:
    change.applied()
    assert app.run(["preview", STACK, *words, "--estate", str(change.root)]) == 1
    assert change.started.exists()
