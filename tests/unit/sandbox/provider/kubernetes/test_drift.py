"""How the inputs of an object are read back from the live one."""

from typing import Any

import pytest

from stackyard_sandbox.provider.kubernetes.drift import (
    LAST_APPLIED,
    applied,
    imported_inputs,
    live_inputs,
    readable,
    shown,
)

ASKED = {"cpu": "0.5"}
STORED = {"cpu": "500m"}

# Name: (inputs, live object when last seen, live object now) -> inputs as they are now.
CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "unchanged, in the server's spelling": (ASKED, STORED, STORED, ASKED),
    "changed": (ASKED, STORED, {"cpu": "2"}, {"cpu": "2"}),
    "removed": ({"a": "1", "b": "2"}, {"a": "1", "b": "2"}, {"a": "1"}, {"a": "1"}),
    "defaults and status are nobody's": (
        {"replicas": 1},
        {"replicas": 1, "limit": 10},
        {"replicas": 1, "limit": 10, "status": {"ready": 1}},
        {"replicas": 1},
    ),
    "empty maps that the server leaves out": ({"labels": {}}, {}, {}, {"labels": {}}),
    "labels of others": ({"a": "1"}, {"a": "1"}, {"a": "1", "theirs": "x"}, {"a": "1"}),
    "a container that somebody added": (
        {"containers": [{"name": "b", "image": "b"}]},
        {"containers": [{"name": "b", "image": "b", "tty": False}]},
        {"containers": [{"name": "a"}, {"name": "b", "image": "b", "tty": True}]},
        {"containers": [{"name": "b", "image": "b"}]},
    ),
    "a container that somebody changed": (
        {"containers": [{"name": "b", "image": "b"}]},
        {"containers": [{"name": "b", "image": "b", "tty": False}]},
        {"containers": [{"name": "a"}, {"name": "b", "image": "c", "tty": False}]},
        {"containers": [{"name": "b", "image": "c"}]},
    ),
    "a container that somebody removed": (
        {"containers": [{"name": "a"}, {"name": "b"}]},
        {"containers": [{"name": "a"}, {"name": "b"}]},
        {"containers": [{"name": "b"}]},
        {"containers": [{"name": "b"}]},
    ),
    "an argument that somebody added": (
        {"args": ["a"]},
        {"args": ["a"]},
        {"args": ["a", "b"]},
        {"args": ["a", "b"]},
    ),
    "a rule that somebody removed": (
        {"rules": [{"port": 1}, {"port": 2}]},
        {"rules": [{"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}]},
        {"rules": [{"port": 1, "protocol": "TCP"}]},
        {"rules": [{"port": 1}]},
    ),
    "a value of another type": ({"port": 80}, {"port": 80}, {"port": "web"}, {"port": "web"}),
}


@pytest.mark.parametrize(("inputs", "before", "now", "expected"), CASES.values(), ids=CASES)
def test_live_inputs(inputs: Any, before: Any, now: Any, expected: Any) -> None:
    assert live_inputs(inputs, before, now) == expected


def test_texts_of_a_secret_are_sent_as_data_and_read_back_as_texts() -> None:
    inputs = {"stringData": {"a": "x"}, "data": {"b": "eQ=="}}
    live = applied(inputs)
    assert live == {"data": {"a": "eA==", "b": "eQ=="}}
    assert live_inputs(inputs, readable(live, inputs), readable(live, inputs)) == inputs
    changed = {"data": {"a": "eg==", "b": "eQ=="}}
    assert live_inputs(inputs, readable(live, inputs), readable(changed, inputs)) == {
        "stringData": {"a": "z"},
        "data": {"b": "eQ=="},
    }


def test_state_holds_neither_owners_nor_copies_of_a_secret() -> None:
    metadata = {"name": "a", "managedFields": [{}], "annotations": {LAST_APPLIED: "s", "b": "c"}}
    assert shown({"metadata": metadata, "status": {}}) == {
        "metadata": {"name": "a", "annotations": {"b": "c"}},
        "status": {},
    }


def test_an_imported_object_has_no_bookkeeping_in_its_inputs() -> None:
    live = {"metadata": {"name": "a", "uid": "1", "resourceVersion": "2"}, "spec": {}, "status": {}}
    assert imported_inputs(live) == {"metadata": {"name": "a"}, "spec": {}}
    assert live["metadata"]["uid"] == "1", "the live object is left as it is"
