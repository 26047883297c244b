"""Redaction: errors never show a value that may be a secret, and they shorten long values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stackyard.estate.node import Node
from stackyard.field_path import FieldPath

HIDDEN = "[hidden]"
LONGEST = 60
"""Maximum length of a value in an error."""

SECRET_NAME = re.compile(r"pass(word|wd|phrase)|secret|token|key|credential|private", re.I)
"""Names of fields whose values are never shown; broad, because an error is useful without the
value."""

SECRET_TEXT = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN|gh[pousr]_\w{20}|github_pat_|glpat-|xox[abprs]-|eyJ[\w-]{8}"
    r"|://[^/\s:@]+:[^/\s@]+@"
)
"""Texts that are secrets in any field: keys, tokens, URLs with a password."""


def shown(node: Node, path: FieldPath) -> str:
    """Return the text of a value for an error: the kind of a map or list, the text of a scalar."""
    if isinstance(node.value, dict | list):
        return "a map" if isinstance(node.value, dict) else "a list"
    if _has_secret_name(path) or SECRET_TEXT.search(node.text):
        return HIDDEN
    text = node.text if len(node.text) <= LONGEST else f"{node.text[: LONGEST - 1]}…"
    return repr(text) if isinstance(node.value, str) else text


def without_secrets(message: str, node: Node, path: FieldPath) -> str:
    """Return a validator's message with the secret values below a node removed.

    Only the last name of a path counts here: settings of a secret, such as the readers in the
    section `secrets`, may be shown.
    """
    for at, leaf in node.leaves(path):
        names = [step for step in at if isinstance(step, str)]
        if leaf.text and (_has_secret_name(names[-1:]) or SECRET_TEXT.search(leaf.text)):
            message = re.sub(rf"(?<!\w){re.escape(leaf.text)}(?!\w)", HIDDEN, message)
    return message


def _has_secret_name(steps: Iterable[str | int]) -> bool:
    return any(isinstance(step, str) and SECRET_NAME.search(step) for step in steps)
