"""The diagrams of docs/architecture.md, held against the imports of the code."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter

import pytest

from tests.support.import_graph import PACKAGES, ROOT, import_graph, module_name

PAGE = ROOT / "docs" / "architecture.md"
DIAGRAM = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
NODE = re.compile(r"(\w+)\[\"([^\"]+)\"\]")
EDGE = re.compile(r"^ *(\w+)(?:\[.*?\])? (-->|-\. (?:loads|process) \.->) (\w+)", re.MULTILINE)
DIAGRAMS = DIAGRAM.findall(PAGE.read_text())
LONGEST = 15
"""Files that a reader may have to open to follow one of the paths."""


def edges(diagram: str) -> list[tuple[str, str, str]]:
    """Return (importing file, arrow, imported file) of each arrow."""
    files = dict(NODE.findall(diagram))
    return [(files[start], arrow, files[end]) for start, arrow, end in EDGE.findall(diagram)]


def module(file: str) -> str:
    """Return the dotted name of a file, given relative to the repository."""
    assert (ROOT / file).is_file(), f"{PAGE.name} shows {file}, which does not exist"
    return module_name((ROOT / file).relative_to(ROOT / file.partition("/")[0]))


def test_the_page_shows_both_paths() -> None:
    assert len(DIAGRAMS) == 2
    assert all(diagram.count("-->") + diagram.count(".->") > 9 for diagram in DIAGRAMS)


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=("value", "up"))
def test_solid_arrows_are_imports_and_dotted_ones_are_not(diagram: str) -> None:
    graph = import_graph(*(ROOT / package for package in PACKAGES))
    arrows = edges(diagram)
    assert len(arrows) == diagram.count("-->") + diagram.count(".->"), "an arrow is not understood"
    for start, arrow, end in arrows:
        imported = module(end) in graph[module(start)]
        assert imported == (arrow == "-->"), f"{start} {arrow} {end}"


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=("value", "up"))
def test_no_path_leads_back_and_none_is_long(diagram: str) -> None:
    below: dict[str, set[str]] = {}
    for start, _, end in edges(diagram):
        below.setdefault(start, set()).add(end)
    assert len(list(TopologicalSorter(below).static_order())) <= LONGEST
