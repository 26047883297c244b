"""What of a value may be shown in an error: nothing that could be a secret, and never much."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stackyard.estate.node import Node
from stackyard.field_path import FieldPath

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


def shown(node: Node, path: FieldPath) -> str:
    """Return what an error may show of a value: the kind of a map or list, the text of a scalar."""
    if isinstance(node.value, dict | list):
        return "a map" if isinstance(node.value, dict) else "a list"
    if _named_like_one(path) or SECRET_TEXT.search(node.text):
        return HIDDEN
    text = node.text if len(node.text) <= LONGEST else f"{node.text[: LONGEST - 1]}…"
    return repr(text) if isinstance(node.value, str) else text


def without_secrets(message: str, node: Node, path: FieldPath) -> str:
    """Return a validator's text without the secret values below a node that it may quote.

    Only the last name on a path counts here: what a section such as `secrets` says about a secret,
    for example who reads it, may be told.
    """
    for at, leaf in node.leaves(path):
        names = [step for step in at if isinstance(step, str)]
        if leaf.text and (_named_like_one(names[-1:]) or SECRET_TEXT.search(leaf.text)):
            message = re.sub(rf"(?<!\w){re.escape(leaf.text)}(?!\w)", HIDDEN, message)
    return message


def _named_like_one(steps: Iterable[str | int]) -> bool:
    return any(isinstance(step, str) and SECRET_NAME.search(step) for step in steps)
