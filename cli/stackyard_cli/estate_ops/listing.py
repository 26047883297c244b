"""Rows about stacks from their files: blueprint and sections, and the position of each value."""

from __future__ import annotations

from typing import Any

from stackyard.estate.errors import StackFileErrors
from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.field_path import dotted
from stackyard.naming import StackId


def stack_row(estate: Estate, stack: StackId) -> dict[str, Any]:
    """Return one stack as a row; for an invalid stack, only its path."""
    try:
        loaded = estate.load(stack)
    except StackFileErrors:
        return {"stack": str(stack), "valid": False}
    return {
        "stack": str(stack),
        "blueprint": loaded.blueprint,
        "owner": loaded.config.owner,
        "sections": loaded.sections,
        "valid": True,
    }


def value_rows(loaded: Loaded, *, as_written: bool) -> list[dict[str, Any]]:
    """Return every value of a stack with its file and line; `as_written` keeps the file's text."""
    rows = []
    for path, node in loaded.tree.leaves():
        empty = isinstance(node.value, dict | list)
        value = node.text if as_written and not empty else node.to_dict()
        rows.append({"path": dotted(path), "value": value, "origin": str(node.origin)})
    return rows
