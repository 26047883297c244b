"""Matches a record against a JSON filter pattern as CloudWatch Logs does.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html. A
`*` is a wildcard at an end of a text; in the middle it is the character itself. A field that a
record lacks matches no comparison.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(
    r"""\s*(?:(?P<punctuation>\(|\)|&&|\|\|)
    |(?P<selector>\$[\w.\[\]]+)\s*(?P<operator>!=|=)\s*(?P<value>"[^"]*"|%[^%]*%))""",
    re.VERBOSE,
)


def matches(pattern: str, record: Mapping[str, Any]) -> bool:
    """Whether the pattern matches the record; raises ValueError for what it cannot read."""
    inside = re.fullmatch(r"\{ (.+) \}", pattern)
    if inside is None:
        raise ValueError(f"not a JSON pattern: {pattern}")
    words, at = [], 0
    while at < len(inside[1]):
        token = TOKEN.match(inside[1], at)
        if token is None:
            raise ValueError(f"cannot be read from here: {inside[1][at:]}")
        words.append(_word(token, record))
        at = token.end()
    # Brackets, `and`, `or`, and the truth of each comparison: nothing else is left.
    return bool(eval(" ".join(words)))  # built from those words alone


def _word(token: re.Match[str], record: Mapping[str, Any]) -> str:
    if token["punctuation"]:
        return {"&&": "and", "||": "or"}.get(token["punctuation"], token["punctuation"])
    actual = _look_up(record, token["selector"])
    if actual is None:
        return "False"
    return str(_equal(token["value"], str(actual)) is (token["operator"] == "="))


def _look_up(record: Any, selector: str) -> Any:
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", selector):
        try:
            record = record[key] if key else record[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return record


def _equal(wanted: str, actual: str) -> bool:
    text = wanted[1:-1]
    if wanted[0] == "%":
        return re.search(text, actual) is not None
    start, end = text.startswith("*"), text.endswith("*")
    middle = text.removeprefix("*").removesuffix("*")
    if start and end:
        return middle in actual
    if end:
        return actual.startswith(middle)
    return actual.endswith(middle) if start else actual == text
