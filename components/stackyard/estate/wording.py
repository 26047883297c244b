"""Pydantic's findings in plain words: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.suggestion import did_you_mean

Words = tuple[str, str | None]
"""A problem and its hint."""

KINDS: Mapping[str, str] = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dict": "a map",
    "model": "a map of fields",
    "model_attributes": "a map of fields",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "date": "a date such as 2026-01-31",
    "date_from_datetime": "a date such as 2026-01-31",
    "datetime": "a time such as 2026-01-31T12:00:00Z",
    "time_delta": "a duration",
    "decimal": "a number",
    "url": "a URL",
}
"""What each kind of value is called; the keys are the heads of pydantic's error types."""

PATTERNS: Mapping[str, str] = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}
"""Bounds, filled from the finding's context; https://docs.pydantic.dev/latest/errors/validation_errors/."""


def worded(finding: Mapping[str, Any], about: str | None) -> Words:
    """Return the words for one finding of pydantic; `about` describes the field."""
    kind, context = finding["type"], finding.get("ctx", {})
    head = kind.removesuffix("_type").removesuffix("_parsing")
    if kind == "missing":
        return "is required", f"add it: {about}" if about else "add it"
    if kind in PATTERNS:
        return PATTERNS[kind].format(**context), about
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}", about
    if kind in ("literal_error", "enum"):
        allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        one_of = "one of " if ", " in allowed else ""
        hint = did_you_mean(str(finding["input"]), allowed.split(", "))
        return f"must be {one_of}{allowed}", hint
    if kind == "union_tag_invalid":
        allowed = context["expected_tags"].replace("'", "")
        return f"must be one of {allowed}", did_you_mean(str(context["tag"]), allowed.split(", "))
    if kind == "union_tag_not_found":
        return f"needs {context['discriminator'].replace(chr(39), '`')}", about
    if kind in ("value_error", "assertion_error"):
        return _sentence(str(context.get("error", finding["msg"]))), None
    if head in KINDS and kind != head:
        quotable = head == "string" and isinstance(finding["input"], int | float)
        return f"must be {KINDS[head]}", "write it in quotes" if quotable else about
    return _sentence(str(finding["msg"])), about


def unknown(name: str, known: Iterable[str]) -> Words:
    """Return the words for a field that no model knows at its place."""
    listed = sorted(known)
    hint = did_you_mean(name, listed)
    if hint is None and listed:
        hint = f"known here: {', '.join(listed[:12])}{', …' if len(listed) > 12 else ''}"
    return "unknown field", hint


def _sentence(text: str) -> str:
    text = text.removeprefix("Value error, ").removeprefix("Input should be ").strip()
    # One line, as each problem is one line of the report.
    text = " ".join(text.split())
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
