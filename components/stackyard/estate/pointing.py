"""Where a validator's text points: at the fields it names, or at the value that it quotes."""

from __future__ import annotations

import re

from stackyard.estate.node import Node, Path

NAMED = re.compile(r"`([A-Za-z][\w.-]*)[^`]*`")
"""A field that a text names: `min`, `min: 3`, `production_models.expire_after_days`."""

SHORTEST_QUOTE = 5
"""A shorter value than this would be found in texts by accident."""


def pointed_at(message: str, node: Node) -> list[tuple[Path, Node]]:
    """Return the written fields below a node that a message is about, in its own order."""
    found: list[tuple[Path, Node]] = []
    for name in NAMED.findall(message):
        path: Path = tuple(name.split("."))
        below = _descended(node, path)
        if below is not None and path not in [at for at, _ in found]:
            found.append((path, below))
    return found or _quoted(message, node)


def _descended(node: Node, path: Path) -> Node | None:
    below: Node | None = node
    for step in path:
        below = below.child(step) if below else None
    return below


def _quoted(message: str, node: Node) -> list[tuple[Path, Node]]:
    quoted = [
        (path, leaf)
        for path, leaf in node.leaves()
        if len(leaf.text) >= SHORTEST_QUOTE
        and re.search(rf"(?<!\w){re.escape(leaf.text)}(?!\w)", message)
    ]
    return sorted(quoted, key=lambda each: -len(each[1].text))[:1]
