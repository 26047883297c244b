"""Everything in the packs that relies on internals of `pulumi_policy`, in one module.

The contract tests in `tests/unit/policies/test_pulumi_internals.py` fail if a release changes these
internals. (The CLI has a module of this name for `pulumi`; packs may not import the CLI.)
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


def convert_once() -> None:
    """Make the SDK convert each resource to Python once, and not again for every rule.

    The conversions took most of the time that packs add to a preview. Rules get read-only views.
    """
    sdk: Any = importlib.import_module("pulumi_policy.policy")
    to_values, values_of = sdk.deserialize_properties, _remembered(sdk.deserialize_properties)

    def deserialized(properties: Any, proxy_secrets: bool = False) -> Any:
        return to_values(properties, True) if proxy_secrets else values_of(properties)

    once = _remembered(sdk.json_format.MessageToDict)
    sdk.json_format = SimpleNamespace(**{**vars(sdk.json_format), "MessageToDict": once})
    sdk.deserialize_properties = deserialized


def _remembered(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `convert` with a cache by identity; the process lives for one operation only."""
    known: dict[int, tuple[Any, Any]] = {}

    def converted(given: Any) -> Any:
        if id(given) not in known:
            # The key object stays referenced, so that no other object can have its `id`.
            known[id(given)] = (given, convert(given))
        return known[id(given)][1]

    return converted
