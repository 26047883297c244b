"""Converts between the engine's protobuf structures and Python data.

The engine marks secrets, unknowns, assets and references by signatures inside ordinary maps; the
constants are those of `pulumi.runtime.rpc` (sdk/go/common/resource/properties.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Properties = dict[str, Any]
"""Plain data: None, bool, int, float, str, list, dict, `Asset`, and `UNKNOWN`."""


class Unknown:
    """The type of `UNKNOWN`: a value that is known only after an apply."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False

    def __deepcopy__(self, _memo: dict[int, Any]) -> Unknown:
        return self


UNKNOWN: Final = Unknown()
"""The only instance; compare by `is`."""


@dataclass(frozen=True)
class Asset:
    """A file, text or archive from a program; `parts` are an archive's members."""

    kind: Literal["asset", "archive"]
    path: str | None = None
    text: str | None = None
    uri: str | None = None
    digest: str | None = None
    parts: Mapping[str, Any] | None = None


@dataclass
class Bag:
    """The properties of one resource, and its top-level keys that contain a secret."""

    values: Properties = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

    def secret_texts(self) -> set[str]:
        """Return every text inside a secret property, for redaction of error texts."""
        result: set[str] = set()
        for key in self.secrets:
            result.update(_texts(self.values.get(key)))
        return result


def decode(struct: struct_pb2.Struct) -> Bag:
    """Convert a structure of the engine to plain data."""
    bag = Bag()
    for key, value in struct.fields.items():
        reader = _Reader()
        bag.values[key] = reader.value(value)
        if reader.saw_secret:
            bag.secrets.add(key)
    return bag


def encode(values: Mapping[str, Any], secrets: frozenset[str] | set[str] = frozenset()) -> Any:
    """Convert plain data to a structure; keys in `secrets` are marked, None is omitted."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        if value is None:
            continue
        target = struct.fields[key]
        if key in secrets:
            marked = target.struct_value.fields
            marked[SIGNATURE].string_value = SECRET
            target = marked["value"]
        _write(target, value)
    return struct


def has_unknown(value: Any) -> bool:
    """Return whether the value is, or contains, `UNKNOWN`."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


class _Reader:
    """Reads one value and records whether it contains a secret."""

    def __init__(self) -> None:
        self.saw_secret = False

    def value(self, value: struct_pb2.Value) -> Any:
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
        if kind == "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        if kind == "bool_value":
            return value.bool_value
        if kind == "list_value":
            return [self.value(item) for item in value.list_value.values]
        if kind == "struct_value":
            return self._map(value.struct_value.fields)
        return None

    def _map(self, fields: Mapping[str, struct_pb2.Value]) -> Any:
        signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
        if not signature:
            return {key: self.value(item) for key, item in fields.items()}
        if signature == SECRET:
            self.saw_secret = True
            return self.value(fields["value"])
        if signature == OUTPUT:
            self.saw_secret |= "secret" in fields and fields["secret"].bool_value
            return self.value(fields["value"]) if "value" in fields else UNKNOWN
        if signature == RESOURCE:
            return self.value(fields["id"] if "id" in fields else fields["urn"])
        if signature in (ASSET, ARCHIVE):
            return self._asset(fields, "asset" if signature == ASSET else "archive")
        raise ValueError(f"a value carries a signature that is not known here: {signature}")

    def _asset(
        self, fields: Mapping[str, struct_pb2.Value], kind: Literal["asset", "archive"]
    ) -> Asset:
        plain = {key: self.value(item) for key, item in fields.items() if key != SIGNATURE}
        return Asset(
            kind=kind,
            path=plain.get("path") or None,
            text=plain.get("text"),
            uri=plain.get("uri") or None,
            digest=plain.get("hash") or None,
            parts=plain.get("assets"),
        )


def _write(target: struct_pb2.Value, value: Any) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif value is UNKNOWN or isinstance(value, str):
        target.string_value = UNKNOWN_TEXT if value is UNKNOWN else value
    elif isinstance(value, Asset):
        _write_asset(target, value)
    else:
        _write_collection(target, value)


def _write_collection(target: struct_pb2.Value, value: Any) -> None:
    if isinstance(value, Mapping):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _write(target.struct_value.fields[str(key)], item)
    elif isinstance(value, list | tuple | set | frozenset):
        target.list_value.SetInParent()
        for item in value:
            _write(target.list_value.values.add(), item)
    else:
        raise TypeError(f"not plain data: {type(value).__name__}")


def _write_asset(target: struct_pb2.Value, asset: Asset) -> None:
    plain = {
        SIGNATURE: ASSET if asset.kind == "asset" else ARCHIVE,
        "path": asset.path,
        "text": asset.text,
        "uri": asset.uri,
        "hash": asset.digest,
        "assets": asset.parts,
    }
    _write(target, {key: item for key, item in plain.items() if item is not None})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Asset) and value.text:
        yield value.text
