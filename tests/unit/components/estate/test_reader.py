from __future__ import annotations

from typing import Any

import pytest

from stackyard.estate.errors import StackFileErrors
from stackyard.estate.node import Origin
from stackyard.estate.reader import parse


def problems(text: str) -> list[str]:
    with pytest.raises(StackFileErrors) as caught:
        parse(text, "f.yaml")
    return [
        f"{each.line}:{each.column} {each.path}: {each.problem}" for each in caught.value.problems
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("'true'", "true"),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("1.5", 1.5),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("9" * 5000, "9" * 5000),
        ("'null'", "null"),
        ("=", "="),
    ],
)
def test_scalars_mean_what_they_look_like(written: str, meant: Any) -> None:
    value = parse(f"a: {written}\n", "f.yaml").to_dict()["a"]
    assert value == meant
    assert type(value) is type(meant)


def test_a_number_keeps_its_spelling_for_errors() -> None:
    node = parse("version: 1.30\n", "f.yaml").child("version")
    assert node is not None
    assert node.text == "1.30"


def test_places_count_from_one_and_in_characters() -> None:
    tree = parse("# ü\nä:\n  - ö: [x, yy]\n", "f.yaml")
    assert {path: tuple(node.origin) for path, node in tree.leaves()} == {
        ("ä", 0, "ö", 0): ("f.yaml", 3, 9),
        ("ä", 0, "ö", 1): ("f.yaml", 3, 12),
    }
    node = tree.child("ä")
    assert node is not None
    assert node.position == Origin("f.yaml", 2, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "0:0 : is empty"),
        ("# only words\n", "0:0 : is empty"),
        ("---\n", "0:0 : is empty"),
        ("- a\n", "1:1 : the top must be a map of fields"),
        ("text\n", "1:1 : the top must be a map of fields"),
        ("a: 1\na: 2\n", "2:1 a: is written twice"),
        ("a: {b: 1, b: 2}\n", "1:11 a.b: is written twice"),
        ("a: ~\n", "1:4 a: has no value"),
        ("a: null\n", "1:4 a: has no value"),
        ("a:\n", "1:3 a: has no value"),
        ("a: [1, ]\nb: [null]\n", "2:5 b[0]: has no value"),
        ("a: !foo 1\n", "1:4 a: a tag is not allowed in a stack file"),
        ("a: !!python/object:os.system {}\n", "1:4 a: a tag is not allowed in a stack file"),
        ("!!map {a: 1}\n", "1:1 : a tag is not allowed in a stack file"),
        ("a: &x 1\n", "1:4 a: an anchor is not allowed in a stack file"),
        ("a: 1\n---\nb: 1\n", "2:1 : a second document is not allowed in a stack file"),
        ("a: 1\n...\n---\nb: 1\n", "3:1 : a second document is not allowed in a stack file"),
        ("%YAML 1.1\n---\na: 1\n", "1:1 : a directive is not allowed in a stack file"),
        ("1: a\n", "1:1 1: the name of a field must be text"),
        ("? [a]\n: b\n", "1:3 : the name of a field must be text"),
        ("a:\n\tb: 1\n", "2:1 : a tab in the indentation"),
        ("a:\n  \tb: 1\n", "2:3 : a tab in the indentation"),
        ("a: b: c\n", "1:5 : not YAML: mapping values are not allowed in this context"),
        ("a: [1\n", "2:1 : not YAML: did not find expected ',' or ']'"),
        ("a: '\n", "2:1 : not YAML: found unexpected end of stream"),
    ],
)
def test_what_is_refused_and_where(text: str, expected: str) -> None:
    assert problems(text) == [expected]


def test_an_alias_bomb_is_refused_without_growing() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    found = problems(bomb)
    assert found[0] == "1:5 a0: an anchor is not allowed in a stack file"
    assert "2:10 a1[0]: an alias is not allowed in a stack file" in found


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "{a: " * 50_000, "- " * 50_000])
def test_deep_nesting_ends_early(text: str) -> None:
    with pytest.raises(StackFileErrors, match=r"deeper than 20 levels|the top must be a map"):
        parse(text, "f.yaml")


def test_control_characters_are_refused() -> None:
    assert problems("a: 1\nb: \x01\n") == ["2:1 : not YAML: control characters are not allowed"]


def test_all_problems_of_a_file_are_told_at_once_in_order() -> None:
    found = problems("a: 1\nb: ~\na: !x 2\nc: &y 3\n")
    assert [each.split(":")[0] for each in found] == ["2", "3", "3", "4"]
