"""Markdown of the repository: links lead somewhere, and pages are named by links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.estates import ROOT

PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    if not {".venv", "node_modules"} & set(path.parts)
)
FENCED = re.compile(r"^\s*```.*?^\s*```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for target, anchor in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / target).resolve()
        assert file.exists(), f"{page.name} links to {target}"
        assert file.is_relative_to(ROOT), f"{page.name} links out of the repository"
        if anchor:
            assert anchor[1:] in anchors(file), f"{page.name} links to {target}{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_of_the_repository_is_named_by_a_link(page: Path) -> None:
    bare = re.findall(r"(?<!\[)`((?:docs/|\.\./)[\w/-]+\.md)`", prose(page))
    assert bare == [], "write [docs/x.md](docs/x.md)"


def test_files_that_contributors_are_sent_to_exist() -> None:
    """Names with capitals, such as `SERVICE.py`, stand for a file to be made."""
    named = re.findall(
        r"`((?:[\w.-]+/)*[\w.-]+\.(?:md|pyi?|toml|txt))`", prose(ROOT / "CONTRIBUTING.md")
    )
    files = {name for name in named if not re.search(r"[A-Z]{4}", name)}
    assert len(files) > 5
    folders = ("", "components", "sandbox", "policies")
    inside = ("", "stackyard", "stackyard_sandbox", "stackyard_policies")
    missing = {
        name
        for name in files
        if not any((ROOT / a / b / name).exists() for a in folders for b in inside)
    }
    assert missing == set()


def test_every_decision_is_half_a_page_and_in_the_index() -> None:
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    records = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert [f"({record.name})" in index for record in records] == [True] * len(records)
    for number, record in enumerate(records, start=1):
        text = record.read_text(encoding="utf-8")
        assert record.name.startswith(f"{number:04}-")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.M) == [
            "Context",
            "Decision",
            "Consequences",
        ]
        assert len(text.splitlines()) <= 30, "half a page"


def test_every_image_that_is_used_by_default_has_a_source_on_the_page() -> None:
    """A mirror is filled from there, and the names differ."""
    page = (ROOT / "docs/bootstrap.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([\w./-]+)` \| `[\w.-]+\.\w+/", page, re.M))
    schemas = [
        file.read_text(encoding="utf-8") for file in (ROOT / "stacks/_schema").glob("*.json")
    ]
    default = r'"default": "([a-z0-9-]+(?:/[a-z0-9-]+)+):[\w.-]+"'
    used = {name for schema in schemas for name in re.findall(default, schema)}
    assert used == listed
