"""CloudWatch Logs limits the number of metric filters, and their regular expressions.

Sources: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
(100 filters, 2 expressions in a pattern, 5 patterns with expressions in a log group) and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html (characters).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.logs.exceptions import InvalidParameterException, LimitExceededException
from moto.logs.models import LogsBackend

from stackyard_sandbox.cloud.strictness import checked

FILTERS_PER_GROUP = 100
EXPRESSIONS_PER_PATTERN = 2
PATTERNS_WITH_EXPRESSIONS = 5

EXPRESSION = re.compile(r"%([^%]*)%")
CHARACTERS = re.compile(r"[A-Za-z0-9_#=@/;,\-^$?\[\]{}|\\*+. ]+")


def install() -> None:
    """Refuse filters above a quota, and invalid regular expressions."""
    checked.before(LogsBackend, "put_metric_filter", _check)


def pattern_problem(pattern: str) -> str | None:
    """Return the reason why the service refuses a pattern; None if it accepts it."""
    result = EXPRESSION.findall(pattern)
    if len(result) > EXPRESSIONS_PER_PATTERN:
        return f"{len(result)} regular expressions, {EXPRESSIONS_PER_PATTERN} are allowed"
    for expression in result:
        if not CHARACTERS.fullmatch(expression):
            return f"the regular expression {expression!r} holds a character that is not supported"
    return None


def _check(logs: LogsBackend, call: Mapping[str, Any]) -> None:
    pattern = call["filter_pattern"]
    if problem := pattern_problem(pattern):
        raise InvalidParameterException(f"Invalid filter pattern: {problem}")
    there = logs.filters.get_matching_filters(log_group_name=call["log_group_name"])
    others = [one for one in there if one["filterName"] != call["filter_name"]]
    with_expressions = [one for one in others if EXPRESSION.search(one["filterPattern"])]
    many = len(others) >= FILTERS_PER_GROUP
    if EXPRESSION.search(pattern):
        many = many or len(with_expressions) >= PATTERNS_WITH_EXPRESSIONS
    if many:
        raise LimitExceededException
