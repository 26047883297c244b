"""The file name of a stack's receipt: `--receipt DIR` writes it, CI jobs upload and download it."""

from __future__ import annotations

from stackyard.naming import StackId


def receipt_file(stack: StackId | str) -> str:
    """Return the file name of a stack's receipt; two stacks of one folder never have the same."""
    return f"{str(stack).replace('/', '.')}.json"
