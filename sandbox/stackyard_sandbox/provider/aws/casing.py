"""Converts between names of the SDK (`storageClass`) and of AWS APIs (`StorageClass`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Casing:
    """The spelling of one API: first letters, exceptions, and maps with the user's own keys."""

    names: Mapping[str, str] = field(default_factory=dict)
    """SDK name -> API name, if they differ in more than the first letter."""

    maps: frozenset[str] = frozenset()
    """SDK names of maps that are not converted."""

    lower: bool = False
    """Whether the API's names start in lower case (EKS, ECR, CodeBuild, Step Functions)."""

    def api(self, value: Any) -> Any:
        """Return the value with the API's names; unset properties are omitted."""
        if isinstance(value, list):
            return [self.api(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        return {
            self.api_name(key): item if key in self.maps else self.api(item)
            for key, item in value.items()
            if item is not None
        }

    def sdk(self, value: Any) -> Any:
        """Return the API's response with SDK names; unset members are omitted."""
        if isinstance(value, list):
            return [self.sdk(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        result: dict[str, Any] = {}
        for key, item in value.items():
            if item is not None:
                name = self.sdk_name(key)
                result[name] = item if name in self.maps else self.sdk(item)
        return result

    def api_name(self, name: str) -> str:
        """Return the API's name of a property."""
        return self.names.get(name) or (name if self.lower else name[:1].upper() + name[1:])

    def sdk_name(self, name: str) -> str:
        """Return the SDK's name of a member."""
        known = next((sdk for sdk, api in self.names.items() if api == name), None)
        return known or name[:1].lower() + name[1:]

    def pick(self, values: Mapping[str, Any], *names: str) -> dict[str, Any]:
        """Return the named properties that are set, as arguments of an API call."""
        return self.api({name: values[name] for name in names if values.get(name) is not None})  # type: ignore[no-any-return]  # a mapping gives a dict


PASCAL = Casing()
LOWER = Casing(lower=True)
