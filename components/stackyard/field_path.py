"""The path of a field in a config: from a section down to one value."""

from __future__ import annotations

FieldPath = tuple[str | int, ...]
"""Path of a value: map keys and list positions, from the top."""


def dotted(path: FieldPath) -> str:
    """Return a path as in a message: `gpu.pools.a10.zones[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_shortened(step)}"
    return text.removeprefix(".")


def _shortened(step: str) -> str:
    shown = step if step.isprintable() else repr(step)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
