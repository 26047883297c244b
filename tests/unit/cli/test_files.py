"""Files are written whole, with the mode that was asked for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from stackyard_cli.errors import StackyardError
from stackyard_cli.files import PRIVATE, SHARED, write_new, write_whole


@pytest.mark.parametrize("umask", [0o000, 0o077])
@pytest.mark.parametrize("mode", [SHARED, PRIVATE])
def test_the_mode_is_the_one_asked_for_whatever_the_umask(
    tmp_path: Path, mode: int, umask: int
) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "new" / "file", "text", mode)
    finally:
        os.umask(before)
    written = tmp_path / "new" / "file"
    assert stat.S_IMODE(written.stat().st_mode) == mode
    assert written.read_text() == "text"


def test_what_cannot_be_written_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_new(path, "one")
    with pytest.raises(StackyardError, match="exists"):
        write_new(path, "two")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]
