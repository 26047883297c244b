"""What a pack changes in the policy SDK: each resource is turned into Python once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi_policy import policy as sdk

from stackyard_policies.pulumi_internals import convert_once


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The messages that the SDK itself was asked to convert; it is as before afterwards."""
    seen: list[object] = []

    def convert(message: object) -> object:
        seen.append(message)
        return json_format.MessageToDict(message)

    spy = SimpleNamespace(**{**vars(json_format), "MessageToDict": convert})
    monkeypatch.setattr(sdk, "json_format", spy)
    monkeypatch.setattr(sdk, "deserialize_properties", vars(sdk)["deserialize_properties"])
    convert_once()
    return seen


def values(message: struct_pb2.Struct) -> object:
    """Ask as the SDK does for each policy."""
    convert = vars(sdk)["json_format"].MessageToDict
    return vars(sdk)["deserialize_properties"](convert(message))


def test_a_resource_is_converted_once_whatever_the_number_of_rules(counted: list[object]) -> None:
    request = struct_pb2.Struct()
    request.update({"outer": {"bucket": "a"}})
    first = [values(request["outer"]) for _ in range(5)]
    assert first == [{"bucket": "a"}] * 5
    assert len(counted) == 1


def test_resources_are_not_mixed_up(counted: list[object]) -> None:
    for number in range(200):  # none is held here: an `id` that is used again would show
        message = struct_pb2.Struct()
        message.update({"number": number})
        assert values(message) == {"number": number}
    assert len(counted) == 200
