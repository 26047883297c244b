"""Suggests the known name that is closest to a misspelt one, for the hint of an error."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 200
"""Number of compared characters of the misspelt name: the time of a comparison is quadratic."""


def closest(word: str, known: Iterable[str], *, at_most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return up to `at_most` known names that are similar to a word, the most similar first.

    `cutoff` is the minimum similarity, 0 to 1 (`difflib.get_close_matches`).
    """
    return get_close_matches(word[:LONGEST], list(known), n=at_most, cutoff=cutoff)


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """Return the hint that names the most similar known name; `otherwise` if none is similar."""
    similar = closest(word, known)
    return f"did you mean `{similar[0]}`?" if similar else otherwise
