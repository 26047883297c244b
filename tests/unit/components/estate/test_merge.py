from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stackyard.estate.merge import merged
from stackyard.estate.node import Node, Origin
from stackyard.estate.reader import parse


def test_maps_merge_lists_and_scalars_replace_and_origins_stay() -> None:
    base = parse("a: {x: 1, y: 2}\nb: [1, 2]\nc: text\nd: kept\n", "base.yaml")
    over = parse("a: {y: 3, z: 4}\nb: [5]\nc: {now: map}\n", "over.yaml")
    tree = merged(base, over)
    assert tree.to_dict() == {
        "a": {"x": 1, "y": 3, "z": 4},
        "b": [5],
        "c": {"now": "map"},
        "d": "kept",
    }
    assert {path: str(node.origin) for path, node in tree.leaves()} == {
        ("a", "x"): "base.yaml:1:8",
        ("a", "y"): "over.yaml:1:8",
        ("a", "z"): "over.yaml:1:14",
        ("b", 0): "over.yaml:2:5",
        ("c", "now"): "over.yaml:3:10",
        ("d",): "base.yaml:4:4",
    }


def test_an_empty_map_adds_nothing_and_an_empty_list_empties() -> None:
    base = parse("a: {x: 1}\nb: [1]\n", "base.yaml")
    assert merged(base, parse("a: {}\nb: []\n", "over.yaml")).to_dict() == {"a": {"x": 1}, "b": []}


def test_merging_changes_neither_side() -> None:
    base, over = parse("a: {x: 1}\n", "base.yaml"), parse("a: {y: 2}\n", "over.yaml")
    merged(base, over)
    assert (base.to_dict(), over.to_dict()) == ({"a": {"x": 1}}, {"a": {"y": 2}})


SCALARS = st.integers() | st.booleans() | st.text(max_size=3)
PLAIN = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abc"), below),
    max_leaves=8,
)
MAPS = st.dictionaries(st.sampled_from("abcd"), PLAIN)


def tree_of(value: object) -> Node:
    origin = Origin("f.yaml", 1, 1)
    if isinstance(value, dict):
        return Node({key: tree_of(each) for key, each in value.items()}, origin)
    if isinstance(value, list):
        return Node([tree_of(each) for each in value], origin)
    assert isinstance(value, str | int | bool)
    return Node(value, origin)


@settings(deadline=None)
@given(MAPS, MAPS, MAPS)
def test_what_is_written_last_holds_however_the_files_are_grouped(
    one: dict[str, object], two: dict[str, object], three: dict[str, object]
) -> None:
    a, b, c = tree_of(one), tree_of(two), tree_of(three)
    assert merged(a, a).to_dict() == one
    assert merged(tree_of({}), a).to_dict() == one
    last = merged(merged(a, b), c).to_dict()
    assert all(last[key] == each for key, each in three.items() if not isinstance(each, dict))
    assert set(last) == {*one, *two, *three}
