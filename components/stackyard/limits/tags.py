"""Limits of AWS tags: those that every service has in common, which are the strictest.

Sources: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html: IAM compares keys without their case.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from stackyard.field_path import FieldPath
from stackyard.problem import Problem

MOST = 50
"""Tags of one resource."""

OWN = 10
"""Tags that a resource may have from Stackyard: the stack's, its own name and purpose."""

LONGEST_KEY = 128
LONGEST_VALUE = 256

CHARACTERS = "letters, digits, spaces and _.:/=+-@"
"""What keys and values consist of, as people read it."""

RESERVED = ("aws:", "stackyard:")
"""Prefixes of keys, in any letter case, that AWS and Stackyard keep for themselves."""

NAME = "name"
"""The key, in any letter case, that the components themselves write on some resources."""


def problems(path: FieldPath, tags: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what AWS would refuse of the tags at `path`, or what Stackyard's own would replace."""
    seen: dict[str, str] = {}
    for key, value in tags.items():
        first = seen.setdefault(key.casefold(), key)
        if first != key:
            message = f"`{key}` and `{first}` are one key: AWS compares keys without letter case"
            yield Problem((*path, key), message, f"write `{first}`", related=((*path, first),))
        yield from _key_problems((*path, key), key)
        if why := text_problem(value, LONGEST_VALUE):
            yield Problem((*path, key), f"the value of the tag {why}")
    if len(tags) > MOST - OWN:
        message = f"{len(tags)} tags: a resource has at most {MOST}, of which {OWN} are Stackyard's"
        yield Problem(path, message, f"keep {MOST - OWN}")


def _key_problems(path: FieldPath, key: str) -> Iterator[Problem]:
    folded = key.casefold()
    for prefix in RESERVED:
        if folded.startswith(prefix):
            yield Problem(path, f"keys that begin with `{prefix}` are reserved", "rename it")
    if folded == NAME:
        yield Problem(path, "`Name` is written by Stackyard", "choose another key")
    if not key:
        yield Problem(path, "a tag needs a key")
    elif why := text_problem(key, LONGEST_KEY):
        yield Problem(path, f"the key of the tag {why}")


def text_problem(text: str, longest: int) -> str | None:
    """Return why a text cannot be the key or value of a tag; None for one that can."""
    if len(text) > longest:
        return f"has {len(text)} characters, at most {longest} are possible"
    wrong = dict.fromkeys(character for character in text if not _is_allowed(character))
    if wrong:
        return f"has {' '.join(wrong)}; AWS takes {CHARACTERS}"
    return None


def _is_allowed(character: str) -> bool:
    """Tell whether a character is in IAM's `[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]`."""
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"
