"""Converts the cloud's responses to the outputs and inputs that state records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard_sandbox.provider import sdk_types
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.differences import IMPORTED, changes, recorded_as, same
from stackyard_sandbox.provider.aws.resource import DEFAULTS, Resource
from stackyard_sandbox.provider.protocol import UNKNOWN, Properties
from stackyard_sandbox.provider.server import ProviderError


def without_internal_keys(inputs: Mapping[str, Any]) -> Properties:
    """Return inputs without the provider's internal keys."""
    return {key: value for key, value in inputs.items() if not key.startswith("__")}


def computed(token: str, inputs: Properties) -> Properties:
    """Return all properties that only the cloud decides as unknown."""
    members = sdk_types.resource_type(token)
    return {name: UNKNOWN for name in members.state - members.inputs.keys() if name not in inputs}


def recomputed(handler: Resource, old: Properties, new: Properties) -> Properties:
    """Return the outputs that become unknown by the changed inputs."""
    tops = {change.path.split(".")[0].split("[")[0] for change in changes(old, new)}
    names = [
        output
        for cause, outputs in handler.recomputed.items()
        if cause in tops or (cause == "*" and tops)
        for output in outputs
    ]
    return dict.fromkeys(names, UNKNOWN)


def outputs_of(handler: Resource, aws: Cloud, identity: str, inputs: Properties) -> Properties:
    """Read the resource directly after a change; recorded inputs keep their own spelling."""
    actual = handler.read(aws, identity, inputs)
    if actual is None:
        raise ProviderError(f"{handler.token} {identity} is not there right after the change")
    outputs = {
        **without_internal_keys(inputs),
        **without_nulls(with_region(handler.token, aws, actual)),
    }
    return stable_spelling(outputs, inputs)


def stable_spelling(outputs: Properties, inputs: Properties) -> Properties:
    """Keep the program's spelling of equal values, so that outputs do not change back and forth."""
    return {
        key: recorded_as(inputs[key], value) if key in inputs else value
        for key, value in outputs.items()
    }


def without_nulls(actual: Properties) -> Properties:
    """Return the properties that have a value in the cloud."""
    return {key: value for key, value in actual.items() if value is not None}


def with_region(token: str, aws: Cloud, actual: Properties) -> Properties:
    """Add the region, if the type has one."""
    state = sdk_types.resource_type(token).state
    return {**actual, "region": aws.region} if "region" in state else actual


def inputs_from_cloud(
    handler: Resource, cloud: Cloud, inputs: Properties, actual: Properties
) -> Properties:
    """Return recorded inputs with the cloud's values; without records (import), all values."""
    actual = _decided_here(handler, inputs, actual)
    if "tagsAll" in actual:
        actual["tags"] = _own_tags(actual["tagsAll"], inputs.get("tags"), cloud.default_tags)
    if not inputs:
        known = sdk_types.resource_type(handler.token).inputs
        shown = {key: value for key, value in without_nulls(actual).items() if key in known}
        shown.pop("region", None)
        return {**shown, "tagsAll": actual.get("tagsAll"), IMPORTED: True, DEFAULTS: []}
    recorded = dict(inputs)
    for key in inputs:
        if key in actual and key != "region":
            recorded[key] = recorded_as(inputs[key], actual[key])
    if "tags" not in inputs and actual.get("tags"):
        recorded["tags"] = actual["tags"]
    return {key: value for key, value in recorded.items() if value is not None}


def _own_tags(answer: Any, recorded: Any, default: Mapping[str, str]) -> Properties:
    own = recorded if isinstance(recorded, dict) else {}
    return {
        key: text for key, text in (answer or {}).items() if key in own or default.get(key) != text
    }


def _decided_here(handler: Resource, inputs: Properties, actual: Properties) -> Properties:
    """Return the cloud's values without members that the cloud decided and no program set."""
    result = dict(actual)
    for path in handler.computed_inside:
        key, _, member = path.partition(".")
        shown, recorded = result.get(key), inputs.get(key)
        if isinstance(shown, dict) and isinstance(recorded, dict) and member not in recorded:
            result[key] = {name: value for name, value in shown.items() if name != member}
    return result


def recorded_before(token: str, outputs: Properties, inputs: Properties) -> Properties:
    """Return the values before an update: recorded inputs, and outputs that are no inputs."""
    known = sdk_types.resource_type(token).inputs
    computed = {key: value for key, value in outputs.items() if key not in known}
    return {**computed, **inputs}


def ignored_update(shown: Properties, old: Properties, new: Properties, outputs: Properties) -> str:
    """Return the properties that an update did not change, so that it does not report success."""
    before = {**shown, **old}
    tops = {change.path.split(".")[0].split("[")[0] for change in changes(old, new)}
    kept = sorted(tops & new.keys() & before.keys() & outputs.keys())
    ignored = [
        key for key in kept if same(outputs[key], before[key]) and not same(outputs[key], new[key])
    ]
    return ", ".join(f"`{key}`" for key in ignored)
