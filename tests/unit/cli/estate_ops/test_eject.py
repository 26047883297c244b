"""The requirements of an ejected program say which `stackyard` is meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from packaging.requirements import Requirement

from stackyard_cli.estate_ops import eject


class Installed:
    def __init__(self, source: dict[str, Any] | None) -> None:
        self.source = source

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return json.dumps(self.source) if self.source else None


def required(monkeypatch: pytest.MonkeyPatch, source: dict[str, Any] | None) -> Requirement:
    monkeypatch.setattr(eject, "distribution", lambda _: Installed(source))
    lines = eject.requirements().splitlines()
    (one,) = (line for line in lines if line.startswith("stackyard"))
    assert any(line.startswith("#") and "--index-url" in line for line in lines)
    return Requirement(one)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (
            {
                "url": "https://git.acme.example/stackyard.git",
                "vcs_info": {"vcs": "git", "commit_id": "a" * 40},
            },
            f"git+https://git.acme.example/stackyard.git@{'a' * 40}",
        ),
        (
            {"url": "https://files.acme.example/stackyard.whl", "archive_info": {}},
            "https://files.acme.example/stackyard.whl",
        ),
    ],
)
def test_it_is_installed_from_where_it_was(
    monkeypatch: pytest.MonkeyPatch, source: dict[str, Any], url: str
) -> None:
    assert required(monkeypatch, source).url == url


@pytest.mark.parametrize("source", [None, {"url": "file:///home/me/stackyard", "dir_info": {}}])
def test_from_an_index_or_a_folder_it_has_exactly_this_version(
    monkeypatch: pytest.MonkeyPatch, source: dict[str, Any] | None
) -> None:
    found = required(monkeypatch, source)
    assert found.url is None
    assert [one.operator for one in found.specifier] == ["=="]
