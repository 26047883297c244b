"""Messages for the errors of pydantic: the problem of a value, and an action that solves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from stackyard.config import EMAIL, HTTPS_SERVER, HTTPS_URL
from stackyard.image_name import BAKED_IMAGE, IMAGE, REGISTRY
from stackyard.suggestion import did_you_mean


class Message(NamedTuple):
    """A problem, and one action that solves it."""

    text: str
    """The problem."""

    hint: str | None = None
    """One action; None if the text already contains it."""

    expected: str | None = None
    """Description of a valid value, if the text is `must be …`; those of a union are joined."""


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
"""The name of each kind of value; the keys are the first parts of pydantic's error types."""

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
"""Limits, completed from the error's context;
https://docs.pydantic.dev/latest/errors/validation_errors/."""


FORMS: Mapping[str, str] = {
    EMAIL: "an email address in ASCII, such as team@acme.example",
    HTTPS_SERVER: "a server such as https://tracking.acme.example",
    HTTPS_URL: "a URL such as https://oidc.acme.example/cluster",
    IMAGE: "an image such as team/name:1 or team/name:1@sha256:…",
    BAKED_IMAGE: "an image with its digest, such as name:1@sha256:…",
    REGISTRY: "a registry such as registry.acme.example/mirror",
}
"""What a pattern describes that is too long to be read."""


def message(finding: Mapping[str, Any], description: str | None) -> Message:
    """Return the message for one error of pydantic; `description` is that of the field."""
    kind, context = finding["type"], finding.get("ctx", {})
    head = kind.removesuffix("_type").removesuffix("_parsing")
    if kind == "missing":
        return Message("is required", f"add it: {description}" if description else "add it")
    if kind in PATTERNS:
        return Message(PATTERNS[kind].format(**context), description)
    if kind == "string_pattern_mismatch":
        return _mismatch(context["pattern"], description)
    if kind in ("literal_error", "enum"):
        allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return _choice(str(finding["input"]), allowed.split(", "))
    if kind == "union_tag_invalid":
        allowed = context["expected_tags"].replace("'", "")
        return _choice(str(context["tag"]), allowed.split(", "))
    if kind == "union_tag_not_found":
        return Message(f"needs {context['discriminator'].replace(chr(39), '`')}", description)
    if kind in ("value_error", "assertion_error"):
        return Message(_sentence(str(context.get("error", finding["msg"]))))
    if head in KINDS and kind != head:
        is_number = head == "string" and isinstance(finding["input"], int | float)
        return _must_be(KINDS[head], "write it in quotes" if is_number else description)
    return Message(_sentence(str(finding["msg"])), description)


def _mismatch(pattern: str, description: str | None) -> Message:
    if pattern in FORMS:
        return _must_be(FORMS[pattern], description)
    return Message(f"must match {pattern}", description)


def unknown(name: str, known: Iterable[str]) -> Message:
    """Return the message for a field that no model has at its path."""
    listed = sorted(known)
    hint = did_you_mean(name, listed)
    if hint is None and listed:
        hint = f"known here: {', '.join(listed[:12])}{', …' if len(listed) > 12 else ''}"
    return Message("unknown field", hint)


def _choice(value: str, allowed: Sequence[str]) -> Message:
    one_of = "one of " if len(allowed) > 1 else ""
    return _must_be(f"{one_of}{', '.join(allowed)}", did_you_mean(value, allowed))


def _must_be(expected: str, hint: str | None) -> Message:
    return Message(f"must be {expected}", hint, expected)


def _sentence(text: str) -> str:
    text = text.removeprefix("Value error, ").removeprefix("Input should be ").strip()
    # One line, because each problem is one line of the report.
    text = " ".join(text.split())
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
