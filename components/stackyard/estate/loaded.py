"""Loaded stacks: read, merged and validated."""

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
    """One stack: its config as a model, its merged settings, and the position of every value."""

    id: StackId
    """The stack."""

    blueprint: str
    """The name of its blueprint."""

    config: StackConfig
    """The validated config."""

    tree: Node
    """The merged files."""

    left_out: frozenset[FieldPath] = frozenset()
    """Fields that the config lacks, because they have errors; empty for a valid stack."""

    @cached_property
    def effective(self) -> dict[str, Any]:
        """The merged files as built-in types, without the blueprint's defaults."""
        settings: dict[str, Any] = self.tree.to_dict()
        return settings

    @cached_property
    def origins(self) -> dict[FieldPath, Origin]:
        """The position at which each value was written, by its path."""
        return {path: node.origin for path, node in self.tree.leaves()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the effective config, independent of key order and YAML style."""
        text = json.dumps(self.effective, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def sections(self) -> list[str]:
        """The sections that the files contain; only these are deployed."""
        return [key for key in self.effective if key not in StackConfig.model_fields]
