"""Plain data to the engine's structures and back, with the engine's signatures."""

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from stackyard_sandbox.provider import protocol
from stackyard_sandbox.provider.protocol import UNKNOWN, Asset, decode, encode, has_unknown

VALUES = {
    "text": "a",
    "whole": 3,
    "part": 2.5,
    "yes": True,
    "list": [1, "b", {"c": []}],
    "map": {"d": {}, "e": UNKNOWN},
    "asset": Asset(kind="asset", text="hello"),
    "archive": Asset(kind="archive", parts={"a.txt": Asset(kind="asset", path="a.txt")}),
}


def struct(**values: object) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def test_signatures_are_the_sdk_s() -> None:
    assert rpc._special_sig_key == protocol.SIGNATURE
    assert rpc._special_secret_sig == protocol.SECRET
    assert rpc._special_asset_sig == protocol.ASSET
    assert rpc._special_archive_sig == protocol.ARCHIVE
    assert rpc._special_resource_sig == protocol.RESOURCE
    assert rpc._special_output_value_sig == protocol.OUTPUT
    assert protocol.UNKNOWN_TEXT == rpc.UNKNOWN


def test_round_trip_keeps_values_and_secrets() -> None:
    bag = decode(encode(VALUES, {"text", "map"}))
    assert bag.values == VALUES
    assert bag.secrets == {"text", "map"}


def test_the_sdk_reads_what_is_written() -> None:
    read = rpc.deserialize_properties(encode({"a": "b", "n": 1}, {"a"}))
    assert rpc.unwrap_rpc_secret(read["a"]) == "b"
    assert read["n"] == 1


def test_whole_numbers_are_int_and_switches_stay() -> None:
    values = decode(struct(a=3.0, b=2.5, c=True)).values
    assert [type(values[key]) for key in "abc"] == [int, float, bool]


def test_unset_properties_are_left_out() -> None:
    assert list(encode({"a": None, "b": 1}).fields) == ["b"]


def test_a_secret_deep_inside_marks_its_property() -> None:
    hidden = {protocol.SIGNATURE: protocol.SECRET, "value": "pw"}
    bag = decode(struct(outer={"list": [hidden]}, other=1))
    assert bag.values["outer"] == {"list": ["pw"]}
    assert bag.secrets == {"outer"}
    assert bag.secret_texts() == {"pw"}


def test_output_values_and_references_are_unwrapped() -> None:
    known = {protocol.SIGNATURE: protocol.OUTPUT, "value": "x", "secret": True}
    later = {protocol.SIGNATURE: protocol.OUTPUT}
    reference = {protocol.SIGNATURE: protocol.RESOURCE, "urn": "urn:x", "id": "i-1"}
    bag = decode(struct(known=known, later=later, reference=reference))
    assert bag.values["known"] == "x"
    assert bag.values["later"] is UNKNOWN
    assert bag.values["reference"] == "i-1"
    assert bag.secrets == {"known"}


def test_unknown_is_found_at_any_depth() -> None:
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": None}]})


def test_unknown_signature_is_an_error() -> None:
    with pytest.raises(ValueError, match="signature"):
        decode(struct(a={protocol.SIGNATURE: "something-new"}))


def test_what_is_not_plain_data_is_an_error() -> None:
    with pytest.raises(TypeError, match="object"):
        encode({"a": object()})
