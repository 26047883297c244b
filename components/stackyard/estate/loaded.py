"""A stack whose files were read, merged and validated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stackyard.blueprints.config import StackConfig
from stackyard.estate.node import Node, Origin
from stackyard.field_path import FieldPath
from stackyard.naming import StackId


@dataclass(frozen=True)
class Loaded:
    """One stack's config in its three forms: model, plain data, and the place of every value."""

    id: StackId
    """The stack."""

    blueprint: str
    """The blueprint it is built by."""

    config: StackConfig
    """The validated config."""

    tree: Node
    """The merged files."""

    @cached_property
    def effective(self) -> dict[str, Any]:
        """The merged files as plain data; the blueprint's defaults are not in it."""
        plain: dict[str, Any] = self.tree.to_dict()
        return plain

    @cached_property
    def origins(self) -> dict[FieldPath, Origin]:
        """The place where each value was written, by its path."""
        return {path: node.origin for path, node in self.tree.leaves()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the effective config, whatever its order and spelling."""
        text = json.dumps(self.effective, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def sections(self) -> list[str]:
        """What is deployed: the sections that the files hold."""
        return [key for key in self.effective if key not in StackConfig.model_fields]
