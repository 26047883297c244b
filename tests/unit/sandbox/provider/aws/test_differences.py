"""What counts as a change, and what as drift."""

import json

from stackyard_sandbox.provider.aws.differences import IMPORTED, changes, recorded_as, same
from stackyard_sandbox.provider.protocol import UNKNOWN, Properties


def paths(old: Properties, new: Properties) -> dict[str, str]:
    return {change.path: change.kind for change in changes(old, new)}


def test_one_deep_edit_is_one_path() -> None:
    old = {"rules": [{"id": "a", "expiration": {"days": 3}}], "bucket": "b"}
    new = {"rules": [{"id": "a", "expiration": {"days": 4}}], "bucket": "b"}
    assert paths(old, new) == {"rules[0].expiration.days": "UPDATE"}


def test_kinds() -> None:
    old = {"gone": 1, "list": [{"a": 1}, {"a": 2}], "same": "x"}
    new = {"come": 1, "list": [{"a": 1}], "same": "x", "unset": None}
    assert paths(old, new) == {"come": "ADD", "gone": "DELETE", "list[1]": "DELETE"}


def test_keys_that_are_no_names_are_quoted() -> None:
    assert paths({"tags": {}}, {"tags": {"a:b": "c"}}) == {'tags["a:b"]': "ADD"}


def test_a_tag_is_named_once() -> None:
    old = {"tags": {"a": "1"}, "tagsAll": {"a": "1", "team": "x"}}
    new = {"tags": {"a": "2"}, "tagsAll": {"a": "2", "team": "y"}}
    assert paths(old, new) == {"tags.a": "UPDATE", "tagsAll.team": "UPDATE"}


def test_equal_meaning_is_no_change() -> None:
    assert same('{"a": 1, "b": 2}', '{"b":2,"a":1}')
    assert same(["x", "y"], ["y", "x"])
    assert not same('{"a": 1}', '{"a": 2}')
    assert not same("1", "01")
    assert not same(["x"], ["x", "x"])


def test_unknown_is_a_change_unless_it_was_unknown() -> None:
    assert paths({"a": "b"}, {"a": UNKNOWN}) == {"a": "UPDATE"}
    assert paths({"a": UNKNOWN}, {"a": UNKNOWN}) == {}


def test_what_an_import_read_besides_is_no_change() -> None:
    assert paths({"a": 1, "b": {"c": 1, "d": 2}, IMPORTED: True}, {"b": {"c": 1}}) == {}
    assert paths({"a": 1, IMPORTED: True}, {"a": 2}) == {"a": "UPDATE"}


def test_reality_in_the_words_of_the_program() -> None:
    recorded = {"policy": json.dumps({"a": 1, "b": 2}), "ids": ["x", "y"]}
    assert recorded_as(recorded, {"policy": '{"b":2,"a":1}', "ids": ["y", "x"]}) == recorded


def test_empty_members_of_the_cloud_are_no_drift_but_others_are() -> None:
    recorded = [{"id": "a"}]
    assert recorded_as(recorded, [{"id": "a", "prefix": "", "enabled": False}]) == recorded
    shown = [{"id": "a", "expiration": {"days": 3}}]
    assert recorded_as(recorded, shown) == shown


def test_members_are_matched_wherever_they_stand() -> None:
    recorded = [{"id": "a"}, {"id": "b"}]
    assert recorded_as(recorded, [{"id": "b"}, {"id": "a"}]) == recorded
    assert recorded_as(recorded, [{"id": "b"}]) == [{"id": "b"}]
    assert recorded_as(recorded, [{"id": "a"}, {"id": "b"}, {"id": "c"}]) == [
        {"id": "a"},
        {"id": "b"},
        {"id": "c"},
    ]


def test_a_value_that_left_is_drift() -> None:
    assert recorded_as({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}) == {"a": {"b": 1}}
