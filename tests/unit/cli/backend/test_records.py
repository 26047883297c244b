"""The memory of a stack, and the store it lies in."""

import errno
import stat
from pathlib import Path

import pytest

from stackyard.naming import StackId
from stackyard_cli.backend.errors import BackendError
from stackyard_cli.backend.folder import FolderStore
from stackyard_cli.backend.open import open_store
from stackyard_cli.backend.records import Records, new_record

STACK = StackId("ranking", "clicks", "dev")


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    records = Records(FolderStore(tmp_path), STACK)
    assert records.read() is None
    record = new_record(STACK, "project").now("applied", config={"region": "eu-central-1"})
    records.write(record)
    assert records.read() == record
    assert record.exists


def test_a_destroyed_stack_may_start_over(tmp_path: Path) -> None:
    record = new_record(STACK, "project").now("destroyed", config={})
    assert not record.exists


def test_records_are_for_their_owner_only(tmp_path: Path) -> None:
    records = Records(FolderStore(tmp_path), STACK)
    records.keep_key_file(b"encryptionsalt: v1:abc")
    path = tmp_path / ".stackyard/ranking/clicks/dev/key.yaml"
    assert records.key_file() == b"encryptionsalt: v1:abc"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk_leaves_the_old_object_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    store.put("a/b.json", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("stackyard_cli.files.os.fsync", full)
    with pytest.raises(BackendError, match="No space left"):
        store.put("a/b.json", b"new")
    assert store.get("a/b.json") == b"old"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


def test_keys_leave_out_the_engines_notes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(".pulumi/locks/x/1.json", b"{}")
    store.put(".pulumi/locks/x/1.json.attrs", b"{}")
    assert store.keys(".pulumi/locks/x/") == [".pulumi/locks/x/1.json"]
    store.delete(".pulumi/locks/x/1.json")
    assert not (tmp_path / ".pulumi/locks/x/1.json.attrs").exists()
    assert store.keys(".pulumi/none/") == []


@pytest.mark.parametrize("url", ["mem://", "https://api.example.com", "nothing"])
def test_other_backends_are_refused_with_the_setting_to_change(url: str, tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        open_store(url, {}, tmp_path)
    assert "stacks/_estate.yaml" in (caught.value.hint or "")
