"""Fills a template of Fluent Bit, and refuses what its parser refuses.

A variable ends at `.`, `,`, a space or a quotation mark only; whatever else follows becomes part of
it, and its grammar knows names, `['key']` and `[number]`. Source: `src/flb_record_accessor.c`,
`src/record_accessor/ra.l` and `ra.y` of https://github.com/fluent/fluent-bit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

VARIABLE = re.compile(r"\$((?:'[^']*'|[^., \"'])+)")
GRAMMAR = re.compile(r"[_A-Za-z][A-Za-z0-9_.]*((?:\['[^']+'\]|\[\d+\])*)")


class BadTemplateError(ValueError):
    """Fluent Bit does not start: `[record accessor] bad input character`."""


def filled(template: str, record: Mapping[str, Any]) -> str:
    """Return the template with the record's values; raises BadTemplateError, KeyError."""
    return VARIABLE.sub(lambda found: str(_value(found[1], record)), template)


def _value(variable: str, record: Mapping[str, Any]) -> Any:
    parsed = GRAMMAR.fullmatch(variable)
    if parsed is None:
        raise BadTemplateError(f"bad input character in ${variable}")
    value: Any = record[variable.removesuffix(parsed[1])]
    for key in re.findall(r"\['([^']+)'\]", parsed[1]):
        value = value[key]
    return value
