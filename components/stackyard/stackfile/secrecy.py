"""What of a value may be shown in an error: nothing that could be a secret, and never much."""

from __future__ import annotations

import re

from stackyard.stackfile.node import Node, Path

HIDDEN = "[hidden]"
LONGEST = 60
"""Longest text of a value that an error shows."""

SECRET_NAME = re.compile(r"pass(word|wd|phrase)|secret|token|key|credential|private", re.I)
"""Names of fields whose values are never shown; generous, as an error can do without a value."""

SECRET_TEXT = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN|gh[pousr]_\w{20}|github_pat_|glpat-|xox[abprs]-|eyJ[\w-]{8}"
    r"|://[^/\s:@]+:[^/\s@]+@"
)
"""Texts that are secrets wherever they stand: keys, tokens, addresses with a password."""


def shown(node: Node | None, path: Path) -> str | None:
    """Return what an error may show of a value; None where there is nothing to show."""
    if node is None:
        return None
    if isinstance(node.value, dict | list):
        return "a map" if isinstance(node.value, dict) else "a list"
    if secret(node.text, path):
        return HIDDEN
    text = node.text if len(node.text) <= LONGEST else f"{node.text[: LONGEST - 1]}…"
    return repr(text) if isinstance(node.value, str) else text


def secret(text: str, path: Path) -> bool:
    """Whether a value may be a secret, by the names on its path or by its look."""
    named = any(isinstance(step, str) and SECRET_NAME.search(step) for step in path)
    return bool(named or SECRET_TEXT.search(text))


def without_secret(message: str, node: Node | None, path: Path) -> str:
    """Return a validator's text without a secret value that it may quote."""
    texts = [leaf.text for at, leaf in node.leaves(path) if secret(leaf.text, at)] if node else []
    for text in texts:
        message = message.replace(text, HIDDEN) if text else message
    return message
