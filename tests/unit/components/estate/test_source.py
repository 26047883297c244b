from __future__ import annotations

import os
from pathlib import Path

import pytest

from stackyard.estate.errors import StackFileErrors
from stackyard.estate.source import SIZE_LIMIT, read_text


def refused(root: Path, file: str = "f.yaml") -> str:
    with pytest.raises(StackFileErrors) as caught:
        read_text(root, file)
    return str(caught.value).splitlines()[0]


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_text(tmp_path, "f.yaml") == "a: 1\n"


def test_not_utf8_is_placed(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    assert refused(tmp_path) == "f.yaml:2:7: is not UTF-8"


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "f.yaml").open("wb") as stream:
        stream.truncate(10 * SIZE_LIMIT)
    assert refused(tmp_path) == "f.yaml: is larger than 1 MB (10,000,000 bytes)"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == "f.yaml: does not exist"


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").mkdir()
    assert refused(tmp_path) == "f.yaml: is not a regular file"


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.yaml")
    assert refused(tmp_path) == "f.yaml: is not a regular file"


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").symlink_to("g.yaml")
    (tmp_path / "g.yaml").symlink_to("f.yaml")
    assert refused(tmp_path) == "f.yaml: is a link to itself"


@pytest.mark.parametrize("folder", [False, True])
def test_a_link_out_of_the_estate(tmp_path: Path, folder: bool) -> None:
    outside, estate = tmp_path / "outside", tmp_path / "estate"
    outside.mkdir()
    estate.mkdir()
    (outside / "f.yaml").write_text("a: 1\n")
    if folder:
        (estate / "team").symlink_to(outside)
    else:
        (estate / "f.yaml").symlink_to(outside / "f.yaml")
    file = "team/f.yaml" if folder else "f.yaml"
    assert refused(estate, file) == f"{file}: is a link to a file outside the estate"


def test_a_link_within_the_estate_is_followed(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text("a: 1\n")
    (tmp_path / "f.yaml").symlink_to("g.yaml")
    assert read_text(tmp_path, "f.yaml") == "a: 1\n"
