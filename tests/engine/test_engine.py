"""Previews, applies and destroys by the real engine on the fake cloud."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from yard import STACK, FakeYard, task

from stackyard.naming import StackId
from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.errors import EngineMissingError
from stackyard_cli.backend.preconditions import applied, recorded_config

BELOW = StackId("platform", "services", "dev")
CANARY = "canary-7f3d9b-do-not-tell"


def names(report: object) -> list[tuple[str, str]]:
    return [(step.operation, step.name) for step in report.changing]


def test_preview_apply_change_destroy(yard: FakeYard) -> None:
    first = yard.run("preview", things=2)
    assert ("create", "thing-1") in names(first)
    assert yard.things() == []
    assert yard.location.state(STACK).raw() is None, "a preview of a new stack writes nothing"
    assert yard.run("up", things=2).ok
    assert yard.run("preview", things=2).changing == []
    change = yard.run("preview", things=2, size=2)
    assert [(s.name, [c.path for c in s.changes]) for s in change.changing] == [
        ("thing-0", ["size"]),
        ("thing-1", ["size"]),
    ]
    assert yard.run("destroy", things=2).ok
    assert yard.things() == []
    record = yard.location.records(STACK).read()
    assert record is not None
    assert record.outcome == "destroyed"
    assert yard.run("up", things=1).ok, "a destroyed stack may start over"


def test_a_changed_output_is_seen_though_no_resource_changes(yard: FakeYard) -> None:
    assert yard.run("up").ok
    report = yard.run("preview", cluster="two")
    assert [c.path for step in report.changing for c in step.changes] == ["outputs.contract"]


def test_an_error_of_the_program_is_one_line_without_a_traceback(yard: FakeYard) -> None:
    report = yard.run("up", raises=True)
    assert report.result.kind == "program"
    assert report.result.problem == "ValueError: no zone has this instance type"
    assert not any("Traceback" in item.message for item in report.diagnostics)


def test_an_error_of_a_provider_keeps_what_was_made(yard: FakeYard) -> None:
    report = yard.run("up", things=4, failing=[3])
    assert report.result.problem == "refused thing-3"
    assert yard.ids() == yard.held()
    record = yard.location.records(STACK).read()
    assert record is not None
    assert record.outcome == "failed"
    assert recorded_config(yard.location, STACK) == [{"things": 4, "failing": [3]}]


def test_an_upstream_that_is_not_applied_is_named_with_the_command(yard: FakeYard) -> None:
    upstreams = {"services": BELOW}
    report = yard.runner().run(task(upstreams=upstreams), "up")
    assert report.result.kind == "upstream"
    assert report.result.hint == f"run `stackyard up {BELOW}`"
    assert not applied(yard.location, BELOW)
    assert yard.run("up", BELOW).ok
    assert applied(yard.location, BELOW)
    # The preview of a stack that does not exist yet reads the contract, too.
    assert yard.runner().run(task(upstreams=upstreams), "preview").ok
    assert yard.runner().run(task(upstreams=upstreams), "up").ok


def test_two_at_once_one_wins_and_the_other_says_who(yard: FakeYard) -> None:
    tool = yard.tool(things=3, seconds=2)
    while not yard.location.state(STACK).locks():
        assert tool.poll() is None
    second = yard.run("up")
    assert "locked by" in (second.result.problem or "")
    tool.communicate(timeout=60)
    assert yard.things() == ["thing-0", "thing-1", "thing-2"]


def test_a_secret_is_nowhere_in_plain(yard: FakeYard, capfd: pytest.CaptureFixture[str]) -> None:
    """The secret is in the config here only to bring it into the program at all."""
    report = yard.run("up", things=1, secret=CANARY)
    assert report.ok
    assert CANARY not in repr(report.steps) + repr(report.diagnostics)
    out, err = capfd.readouterr()
    assert CANARY not in out + err
    kept = yard.location.home.parent
    holding = [path for path in kept.rglob("*") if path.is_file() and _holds(path)]
    assert [path.name for path in holding] == ["record.json"], "the config is not secret by itself"
    checkpoint = yard.location.state(STACK).read()
    assert checkpoint is not None
    assert checkpoint.outputs["password"] == "[secret]"


def _holds(path: Path) -> bool:
    return CANARY.encode() in path.read_bytes()


def test_the_same_salt_serves_every_run(yard: FakeYard) -> None:
    assert yard.run("up", secret="one-secret-value").ok
    first = yard.location.records(STACK).key_file()
    assert first
    salt = _salt(yard)
    assert salt.encode() in first
    assert yard.run("up", secret="one-secret-value", size=2).ok
    assert yard.location.records(STACK).key_file() == first
    assert _salt(yard) == salt


def _salt(yard: FakeYard) -> str:
    checkpoint = yard.location.state(STACK).read()
    assert checkpoint is not None
    return str(checkpoint.latest["secrets_providers"]["state"]["salt"])


def test_nothing_is_left_behind_and_all_of_it_is_private(
    yard: FakeYard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    assert yard.run("up").ok
    assert yard.run("preview").ok
    assert list((yard.location.home / "work").iterdir()) == []
    assert list(temporary.iterdir()) == []
    backend = Path(yard.location.backend_url.removeprefix("file://"))
    open_to_others = [p for p in backend.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    assert open_to_others == []


def test_what_is_retained_stays_in_the_cloud_and_is_told(yard: FakeYard) -> None:
    assert yard.run("up", things=2, retained=[1]).ok
    report = yard.run("destroy", things=2)
    assert [step.name for step in report.steps.values() if step.retained] == ["thing-1"]
    assert yard.things() == ["thing-1"]


def test_drift_is_seen_only_with_refresh_and_nothing_is_written(yard: FakeYard) -> None:
    assert yard.run("up").ok
    next(iter(yard.cloud.glob("*.json"))).unlink()
    before = yard.location.state(STACK).raw()
    assert yard.run("preview").changing == []
    seen = yard.runner().run(task(), "preview", refresh=True)
    assert seen.ok
    assert [operation for operation, _ in names(seen)] == ["create"]
    assert yard.location.state(STACK).raw() == before


def test_values_are_shown_on_demand(yard: FakeYard) -> None:
    assert yard.run("up").ok
    report = yard.runner().run(task(size=7), "preview", values=True)
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


def test_a_worker_that_dies_is_told_as_such(yard: FakeYard) -> None:
    yard.worker = ("/bin/false",)
    report = yard.run("up")
    assert report.result.problem == "the worker died (exit code 1)"


def test_a_stray_file_in_the_working_folder_shadows_no_module(
    yard: FakeYard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m` would look into the folder first, where a user's own files are."""
    for name in ("pulumi", "semver", "grpc"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the stray file was imported')\n")
    monkeypatch.chdir(tmp_path)
    yard.worker = (sys.executable, "-m", "fake_worker")
    report = yard.run("preview", things=1)
    assert report.ok, report.result
