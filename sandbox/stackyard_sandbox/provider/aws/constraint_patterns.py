"""The regular expressions of AWS's service descriptions, and those that say what is not so.

They are written for Java: `\\w` and `\\d` are ASCII there, and characters beyond the basic plane
are pairs of surrogates. A service compares the whole text, with or without `^` and `$`.
"""

from __future__ import annotations

from functools import cache

import regex

UNUSABLE: dict[tuple[str, str], str] = {}
"""By service and shape: why a pattern is not asked."""

_PAIRS = r"\uD800\uDC00-\uDBFF\uDFFF"
_BEYOND_BASIC_PLANE = r"\U00010000-\U0010FFFF"


@cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """Return the expression of a description; raises `regex.error` if it cannot be read."""
    translated = pattern.replace(_PAIRS, _BEYOND_BASIC_PLANE)
    return regex.compile(translated, 0 if r"\p{" in pattern else regex.ASCII)
