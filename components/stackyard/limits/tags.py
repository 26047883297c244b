"""Limits of AWS tags: the strictest, which are valid for every service.

Sources: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html: IAM ignores the case of keys.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from stackyard.field_path import FieldPath
from stackyard.problem import Problem

MOST = 50
"""Maximum number of tags of one resource."""

OWN = 10
"""Maximum number of tags that Stackyard sets on a resource: the stack's, its name and purpose."""

LONGEST_KEY = 127
LONGEST_VALUE = 255
"""CodeBuild takes one character less than other services:
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Tag.html."""

CHARACTERS = "letters, digits, spaces and _.:/=+-@"
"""Allowed characters of keys and values, for messages."""

RESERVED = ("aws:", "stackyard:", "kubernetes.io/cluster/", "karpenter.", "eks:")
"""Prefixes of keys, in any letter case, that AWS, Stackyard, EKS and Karpenter reserve:
https://karpenter.sh/docs/concepts/nodeclasses/#spectags."""

FOR_SIGNER = re.compile(r"[a-zA-Z0-9+,./:;<=_-]*")
"""Keys of tags that AWS Signer takes:
https://docs.aws.amazon.com/signer/latest/api/API_PutSigningProfile.html."""

NAME = "name"
"""The key, in any letter case, that the components themselves set on some resources."""


def problems(path: FieldPath, tags: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the tags at `path` that AWS would refuse, or that Stackyard's own would replace."""
    seen: dict[str, str] = {}
    for key, value in tags.items():
        first = seen.setdefault(key.casefold(), key)
        if first != key:
            message = f"`{key}` and `{first}` are the same key: AWS ignores letter case"
            yield Problem((*path, key), message, f"write `{first}`", related=((*path, first),))
        yield from _key_problems((*path, key), key)
        if not value:
            message = "the value of the tag is empty, and CloudTrail takes no such tag"
            yield Problem((*path, key), message, "write a value, or remove the tag")
        elif why := text_problem(value, LONGEST_VALUE):
            yield Problem((*path, key), f"the value of the tag {why}")
    if len(tags) > MOST - OWN:
        message = f"{len(tags)} tags: a resource has at most {MOST}, of which {OWN} are Stackyard's"
        yield Problem(path, message, f"keep {MOST - OWN}")


def signer_problems(path: FieldPath, tags: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the tags of a stack with images that AWS Signer refuses on its signing profile."""
    for key in tags:
        if not FOR_SIGNER.fullmatch(key):
            message = "is a key that AWS Signer refuses, which signs the stack's images"
            yield Problem((*path, key), message, "use letters a to z, digits and _.:/=+-")


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
    """Return the reason why a text is not valid as key or value of a tag; None for a valid one."""
    if len(text) > longest:
        return f"has {len(text)} characters, at most {longest} are allowed"
    wrong = dict.fromkeys(character for character in text if not _is_allowed(character))
    if wrong:
        return f"has {' '.join(wrong)}; AWS takes {CHARACTERS}"
    return None


def _is_allowed(character: str) -> bool:
    """Return whether a character is in IAM's `[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]`."""
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"
