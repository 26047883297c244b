"""Completes the inputs of an object: kind, name, namespace, secrets."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from pulumi.runtime.proto import provider_pb2

from stackyard_sandbox.provider.kubernetes import schema
from stackyard_sandbox.provider.kubernetes.kinds import Kind
from stackyard_sandbox.provider.kubernetes.replacement import AUTONAMED, is_autonamed
from stackyard_sandbox.provider.protocol import UNKNOWN, Bag, Properties
from stackyard_sandbox.provider.schema import Failure

WAIT_FOR = "pulumi.com/waitFor"

SECRET_PROPERTIES = ("data", "stringData")


def completed(kind: Kind, inputs: Properties) -> Properties:
    """Return the inputs without nulls and with the apiVersion and kind of their type."""
    bare: Properties = _without_nulls(inputs)
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {}, **bare}


def failures(kind: Kind, inputs: Properties) -> list[Failure]:
    """Return every problem of completed inputs."""
    if kind.arguments is not None:
        result = schema.check(inputs, kind.arguments)
    else:
        result = _identity(kind, inputs)
    metadata = inputs["metadata"]
    if not isinstance(metadata, dict):
        return result
    if "generateName" in metadata:
        reason = "server-side apply needs a name; leave it out to have one made"
        result.append(Failure("metadata.generateName", reason))
    if WAIT_FOR in _annotations(inputs):
        reason = "the sandbox's provider cannot wait for custom conditions"
        result.append(Failure(f'metadata.annotations["{WAIT_FOR}"]', reason))
    return result


def name(request: Any, inputs: Properties, old: Properties) -> Failure | None:
    """Set the object's name, in place: its earlier name, or one generated from the logical name."""
    metadata = inputs["metadata"]
    if metadata is UNKNOWN or not isinstance(metadata, dict) or metadata.get("name") is not None:
        return None
    if _annotations(inputs) is UNKNOWN:
        return None
    if old and is_autonamed(old):
        chosen = old["metadata"]["name"]
    else:
        modes = provider_pb2.CheckRequest.AutonamingOptions
        asked = request.autonaming if request.HasField("autonaming") else None
        if asked is not None and asked.mode == modes.DISABLE:
            return Failure("metadata.name", "a name is required: autonaming is disabled")
        chosen = asked.proposed_name if asked and asked.proposed_name else _made_name(request)
    metadata["name"] = chosen
    metadata["annotations"] = {**_annotations(inputs), AUTONAMED: "true"}
    return None


def mark_secrets(kind: Kind, bag: Bag) -> Bag:
    """Mark the data of a Secret as secret, in every form, as the official provider does."""
    if (kind.api_version, kind.name) == ("v1", "Secret"):
        bag.secrets.update(key for key in SECRET_PROPERTIES if key in bag.values)
    return bag


def _identity(kind: Kind, inputs: Properties) -> list[Failure]:
    """Check the known fields of a custom resource; its definition checks the others."""
    wanted = {"apiVersion": kind.api_version, "kind": kind.name}
    result = [
        Failure(key, f"must be `{value}`, as the resource's type says")
        for key, value in wanted.items()
        if inputs[key] not in (value, UNKNOWN)
    ]
    if inputs["metadata"] is not UNKNOWN and not isinstance(inputs["metadata"], dict):
        result.append(Failure("metadata", "must be a map"))
    return result


def _annotations(inputs: Properties) -> Any:
    metadata = inputs["metadata"]
    return (metadata.get("annotations") or {}) if metadata is not UNKNOWN else {}


def _made_name(request: Any) -> str:
    """Return `NAME-xxxxxxxx`; with the engine's seed, a preview and its apply agree."""
    logical = request.name or request.urn.rpartition("::")[2]
    seed = bytes(request.randomSeed)
    if not seed:
        return f"{logical}-{secrets.token_hex(4)}"
    return f"{logical}-{hashlib.sha256(seed + request.urn.encode()).hexdigest()[:8]}"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
