"""No circular imports: between modules, and between sibling folders at every level of a package.

Imports inside functions and under `TYPE_CHECKING` count: they hide a circle, they do not remove it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.import_graph import PACKAGES, ROOT, Graph, import_graph


def folder_graphs(graph: Graph) -> Mapping[str, Graph]:
    """Return, for each folder, which of its direct members (folders or modules) import which."""
    folders: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    pairs = [(importer, imported) for importer in graph for imported in graph[importer]]
    for here, there in [(one.split("."), other.split(".")) for one, other in pairs]:
        for level, (member, other) in enumerate(zip(here, there, strict=False)):
            if member != other:
                folders[".".join(here[:level])][member].add(other)
                break
    return folders


def circle(graph: Graph) -> list[str]:
    """Return one circle of a graph; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle_between_modules_or_folders(package: str) -> None:
    graph = import_graph(ROOT / package)
    assert any(graph.values()), "no imports found"
    circles = {"modules": circle(graph)}
    circles |= {folder: circle(members) for folder, members in folder_graphs(graph).items()}
    assert {where: names for where, names in circles.items() if names} == {}


FORMS = ["from shop.sales import till", "import shop.sales.till", "from ..sales.till import Till"]


@pytest.mark.parametrize("wrapping", ["{}", "def late():\n    {}", "if TYPE_CHECKING:\n    {}"])
@pytest.mark.parametrize("form", FORMS)
def test_a_circle_is_found_however_it_is_imported(tmp_path: Path, form: str, wrapping: str) -> None:
    till, shelf = "import shop.stock.shelf", wrapping.format(form)
    graph = _graph(tmp_path / "shop", {"sales/till.py": till, "stock/shelf.py": shelf})
    assert set(circle(graph)) == {"shop.sales.till", "shop.stock.shelf"}
    assert set(circle(folder_graphs(graph)["shop"])) == {"sales", "stock"}


def test_a_circle_of_folders_below_without_one_of_modules_is_found(tmp_path: Path) -> None:
    files = {"sales/till": "import shop.all.stock.shelf", "stock/shelf": "", "sales/price": ""}
    files |= {"stock/label": "import shop.all.sales.price"}
    files = {f"all/{file}.py": text for file, text in files.items()}
    graph = _graph(tmp_path / "shop", files)
    assert circle(graph) == []
    assert set(circle(folder_graphs(graph)["shop.all"])) == {"sales", "stock"}


def _graph(package: Path, files: Mapping[str, str]) -> Graph:
    for file, text in files.items():
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        (package / file).write_text(text)
    return import_graph(package)
