"""Previews, applies and destroys by the real engine on the fake cloud."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stackyard.naming import StackId
from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.errors import EngineMissingError
from stackyard_cli.backend.preconditions import applied, recorded_config
from stackyard_cli.engine.report import Report

from .harness import HERE, STACK, Harness, task

BELOW = StackId("platform", "services", "dev")
CANARY = "canary-7f3d9b-do-not-tell"


def names(report: Report) -> list[tuple[str, str]]:
    return [(step.operation, step.name) for step in report.changing]


def test_preview_apply_change_destroy(harness: Harness) -> None:
    first = harness.run("preview", things=2)
    assert ("create", "thing-1") in names(first)
    assert harness.things() == []
    assert harness.location.state(STACK).raw() is None, "a preview of a new stack writes nothing"
    assert harness.run("up", things=2).ok
    assert harness.run("preview", things=2).changing == []
    change = harness.run("preview", things=2, size=2)
    assert [(s.name, [c.path for c in s.changes]) for s in change.changing] == [
        ("thing-0", ["size"]),
        ("thing-1", ["size"]),
    ]
    assert harness.run("destroy", things=2).ok
    assert harness.things() == []
    record = harness.location.records(STACK).read()
    assert record is not None
    assert record.outcome == "destroyed"
    assert harness.run("up", things=1).ok, "a destroyed stack may start over"


def test_a_changed_output_is_seen_though_no_resource_changes(harness: Harness) -> None:
    assert harness.run("up").ok
    report = harness.run("preview", cluster="two")
    assert [c.path for step in report.changing for c in step.changes] == ["outputs.contract"]


def test_an_error_of_the_program_is_one_line_without_a_traceback(harness: Harness) -> None:
    report = harness.run("up", raises=True)
    assert report.result.kind == "program"
    assert report.result.problem == "ValueError: no zone has this instance type"
    assert not any("Traceback" in item.message for item in report.diagnostics)


def test_an_error_of_a_provider_keeps_what_was_made(harness: Harness) -> None:
    report = harness.run("up", things=4, failing=[3])
    assert report.result.problem == "refused thing-3"
    assert harness.ids() == harness.held()
    record = harness.location.records(STACK).read()
    assert record is not None
    assert record.outcome == "failed"
    assert recorded_config(harness.location, STACK) == [{"things": 4, "failing": [3]}]


def test_an_upstream_that_is_not_applied_is_named_with_the_command(harness: Harness) -> None:
    upstreams = {"services": BELOW}
    report = harness.runner().run(task(upstreams=upstreams), "up")
    assert report.result.kind == "upstream"
    assert report.result.hint == f"run `stackyard up {BELOW}`"
    assert not applied(harness.location, BELOW)
    assert harness.run("up", BELOW).ok
    assert applied(harness.location, BELOW)
    # The preview of a stack that does not exist yet reads the contract, too.
    assert harness.runner().run(task(upstreams=upstreams), "preview").ok
    assert harness.runner().run(task(upstreams=upstreams), "up").ok


def test_two_at_once_one_wins_and_the_other_says_who(harness: Harness) -> None:
    tool = harness.tool(things=3, seconds=2)
    while not harness.location.state(STACK).locks():
        assert tool.poll() is None
    second = harness.run("up")
    assert "locked by" in (second.result.problem or "")
    tool.communicate(timeout=60)
    assert harness.things() == ["thing-0", "thing-1", "thing-2"]


def test_a_secret_is_nowhere_in_plain(harness: Harness, capfd: pytest.CaptureFixture[str]) -> None:
    """The secret is in the config here only to bring it into the program at all."""
    report = harness.run("up", things=1, secret=CANARY)
    assert report.ok
    assert CANARY not in repr(report.steps) + repr(report.diagnostics)
    out, err = capfd.readouterr()
    assert CANARY not in out + err
    kept = harness.location.home.parent
    holding = [path for path in kept.rglob("*") if path.is_file() and _holds(path)]
    assert [path.name for path in holding] == ["record.json"], "the config is not secret by itself"
    checkpoint = harness.location.state(STACK).read()
    assert checkpoint is not None
    assert checkpoint.outputs["password"] == "[secret]"


def _holds(path: Path) -> bool:
    return CANARY.encode() in path.read_bytes()


def test_the_same_salt_serves_every_run(harness: Harness) -> None:
    assert harness.run("up", secret="one-secret-value").ok
    first = harness.location.records(STACK).key_file()
    assert first
    salt = _salt(harness)
    assert salt.encode() in first
    assert harness.run("up", secret="one-secret-value", size=2).ok
    assert harness.location.records(STACK).key_file() == first
    assert _salt(harness) == salt


def _salt(harness: Harness) -> str:
    checkpoint = harness.location.state(STACK).read()
    assert checkpoint is not None
    return str(checkpoint.latest["secrets_providers"]["state"]["salt"])


def test_nothing_is_left_behind_and_all_of_it_is_private(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    assert harness.run("up").ok
    assert harness.run("preview").ok
    assert list((harness.location.home / "work").iterdir()) == []
    assert list(temporary.iterdir()) == []
    backend = Path(harness.location.backend_url.removeprefix("file://"))
    open_to_others = [p for p in backend.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    assert open_to_others == []


def test_what_is_retained_stays_in_the_cloud_and_is_told(harness: Harness) -> None:
    assert harness.run("up", things=2, retained=[1]).ok
    report = harness.run("destroy", things=2)
    assert [step.name for step in report.steps.values() if step.retained] == ["thing-1"]
    assert harness.things() == ["thing-1"]


def test_drift_is_seen_only_with_refresh_and_nothing_is_written(harness: Harness) -> None:
    assert harness.run("up").ok
    next(iter(harness.cloud.glob("*.json"))).unlink()
    before = harness.location.state(STACK).raw()
    assert harness.run("preview").changing == []
    seen = harness.runner().run(task(), "preview", refresh=True)
    assert seen.ok
    assert [operation for operation, _ in names(seen)] == ["create"]
    assert harness.location.state(STACK).raw() == before


def test_values_are_shown_on_demand(harness: Harness) -> None:
    assert harness.run("up").ok
    report = harness.runner().run(task(size=7), "preview", values=True)
    change = report.changing[0].changes[0]
    assert (change.path, change.old, change.new) == ("size", 1, 7)


def test_an_engine_that_does_not_fit_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("v2.9.0", "v3.1.0", "nonsense"):
        script = tmp_path / version / "pulumi"
        script.parent.mkdir()
        script.write_text(f"#!/bin/sh\necho {version}\n")
        script.chmod(0o755)
    old = pulumi_binary.probe(tmp_path / "v3.1.0" / "pulumi")
    assert "older than" in (pulumi_binary.why_not(old) or "")
    other = pulumi_binary.probe(tmp_path / "v2.9.0" / "pulumi")
    assert "major version" in (pulumi_binary.why_not(other) or "")
    with pytest.raises(EngineMissingError, match="no version"):
        pulumi_binary.probe(tmp_path / "nonsense" / "pulumi")
    monkeypatch.setenv("PATH", f"{tmp_path / 'v3.1.0'}{os.pathsep}{os.environ['PATH']}")
    assert pulumi_binary.find().path.parent != tmp_path / "v3.1.0"


def test_a_worker_that_dies_is_told_as_such(harness: Harness) -> None:
    harness.worker = ("/bin/false",)
    report = harness.run("up")
    assert report.result.problem == "the worker died (exit code 1)"


def test_a_stray_file_in_the_working_folder_shadows_no_module(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m` would look into the folder first, where a user's own files are."""
    for name in ("pulumi", "semver", "grpc"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the stray file was imported')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
    harness.worker = (sys.executable, "-m", "fake_worker")
    report = harness.run("preview", things=1)
    assert report.ok, report.result
