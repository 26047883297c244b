"""Everything in the components that relies on internals of the `pulumi` package, in one module.

The contract tests in `tests/unit/components/test_pulumi_internals.py` fail if a release changes
these internals. (The CLI and the packs each have a module of this name.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi import _types


def to_dict(value: Any) -> Any:
    """Return an `…Args` object, at any depth, as the dictionary that the engine would receive."""
    if _types.is_input_type(type(value)):
        value = _types.input_type_to_dict(value)
    if isinstance(value, Mapping):
        return {key: to_dict(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_dict(one) for one in value]
    return value
