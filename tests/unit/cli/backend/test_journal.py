"""The write-ahead journal: what it holds, what it never holds, what it knows after a crash."""

import json
import stat
from pathlib import Path

from stackyard_cli.backend import journal
from stackyard_cli.engine.messages import Change, Phase, Step


def step(phase: Phase, operation: str, name: str, identity: str | None = None) -> Step:
    return Step(
        phase=phase,
        urn=f"urn:pulumi:dev::a.b::aws:s3/bucket:Bucket::{name}",
        type="aws:s3/bucket:Bucket",
        operation=operation,
        id=identity,
        changes=(Change("tags.password", "update", "hunter2", "hunter3"),),
    )


def written(home: Path, *steps: Step) -> Path:
    path = journal.new_path(home, "a-b-dev", "up")
    opened = journal.Journal(path)
    for one in steps:
        opened.step(one)
    return path


def test_only_allowed_fields_are_written(tmp_path: Path) -> None:
    path = written(tmp_path, step("start", "create", "data"))
    line = json.loads(path.read_text())
    assert set(line) == {"at", *journal.WRITTEN}
    assert "hunter" not in path.read_text()


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    path = written(tmp_path, step("start", "create", "data"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_changes_nothing_is_not_written(tmp_path: Path) -> None:
    path = written(tmp_path, step("done", "same", "data"), step("done", "read", "data"))
    assert path.read_text() == ""


def test_a_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, step("start", "create", "data"), step("done", "create", "data", "x"))
    path.write_text(path.read_text()[:-30])
    assert [entry.phase for entry in journal.entries(path)] == ["start"]


def test_creations_keep_the_last_word_over_several_runs(tmp_path: Path) -> None:
    written(
        tmp_path,
        step("start", "create", "kept"),
        step("done", "create", "kept", "kept-1"),
        step("done", "create", "gone", "gone-1"),
        step("start", "create", "open"),
    )
    written(tmp_path, step("start", "delete", "gone"), step("done", "delete", "gone"))
    made = journal.creations(tmp_path, "a-b-dev")
    assert {urn.rpartition("::")[2]: entry.id for urn, entry in made.items()} == {
        "kept": "kept-1",
        "open": None,
    }


def test_old_journals_go(tmp_path: Path) -> None:
    for _ in range(journal.KEPT + 5):
        written(tmp_path, step("start", "create", "data"))
    assert len(list(journal.folder_of(tmp_path, "a-b-dev").iterdir())) == journal.KEPT
